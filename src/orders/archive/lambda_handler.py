"""OrderArchive: what Lambda calls with a batch of OrderArchiveQueue's messages.

Promises: a message leaves the queue only after S3 has accepted the object that holds it; a message that comes again is
written again, and recognised by its notification id. Anything that a message may hold is archived.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orders.archive.notification import read_delivery
from orders.archive.objects import ArchiveObject, make_objects

_bucket = os.environ["BUCKET_NAME"]
_s3 = boto3.client(
    "s3",
    config=Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        # A bucket's name is no host name where the endpoint is one machine.
        s3={"addressing_style": "path" if os.environ.get("AWS_ENDPOINT_URL") else "auto"},
    ),
)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write one batch to S3, an object for each hour; name the messages whose object was not accepted."""
    notifications = {
        record["messageId"]: read_delivery(
            record["body"], record["messageId"], int(record["attributes"]["SentTimestamp"])
        )
        for record in event["Records"]
    }
    failed = {name for one in make_objects(notifications.values()) if not _write(one) for name in one.ids}
    return {
        "batchItemFailures": [
            {"itemIdentifier": message_id} for message_id, one in notifications.items() if one.id in failed
        ]
    }


def _write(one: ArchiveObject) -> bool:
    """Whether S3 has accepted the object."""
    try:
        _s3.put_object(Bucket=_bucket, Key=one.key, Body=one.content, ContentType="application/gzip")
    except (BotoCoreError, ClientError) as error:
        _log("ERROR", one.key, len(one.ids), reason=str(error))
        return False
    _log("INFO", one.key, len(one.ids), bytes=len(one.content))
    return True


def _log(level: str, key: str, notifications: int, **further: object) -> None:
    line = {"level": level, "object": key, "notifications": notifications, **further}
    sys.stdout.write(f"{json.dumps(line)}\n")
