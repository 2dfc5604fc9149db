"""The messages of event notifications, as AWS writes them. Pure.

Versions 2.1 and 2.3 of the structure: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

from onebox.arn import make_arn
from onebox.services.context import RequestContext
from onebox.services.s3.model import NULL_VERSION, Bucket

SERVICE = "s3.amazonaws.com"
"""S3's name as a principal, and who acts where a lifecycle rule does."""
MARKER_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
"""The entity tag that a delete marker has in its event: that of no bytes."""
_SEQUENCER = "sequencer"
_LATER_FAMILIES = ("LifecycleExpiration", "ObjectTagging")
"""Those whose records came with version 2.3."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an object."""

    name: str
    """As in the record: ``ObjectCreated:Put``."""
    key: str
    version_id: str | None = None
    etag: str | None = None
    size_bytes: int | None = None


def make_record(context: RequestContext, bucket: Bucket, event: Event, rule_id: str) -> dict[str, Any]:
    """The record of an event for one rule; :func:`finish_record` puts in the sequencer."""
    family = event.name.partition(":")[0]
    is_later = family in _LATER_FAMILIES
    principal = context.principal.user_id
    return {
        "eventVersion": "2.3" if is_later else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": _iso(context.now_ms),
        "eventName": event.name,
        "userIdentity": {"principalId": principal if principal == SERVICE else f"AWS:{principal}"},
        "requestParameters": {"sourceIPAddress": context.source_ip},
        "responseElements": {"x-amz-request-id": context.request_id, "x-amz-id-2": context.request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule_id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": _retail_id(bucket.account)},
                "arn": bucket_arn(bucket.name, bucket.region),
            },
            "object": _describe_object(event, has_sequencer=family != "ObjectTagging"),
        },
    }


def finish_record(record: dict[str, Any], notification_id: int) -> dict[str, Any]:
    """The record with its sequencer, which grows with the events of a key."""
    if _SEQUENCER in record["s3"]["object"]:
        record["s3"]["object"][_SEQUENCER] = f"{notification_id:018X}"
    return {"Records": [record]}


def make_test_event(context: RequestContext, bucket: str) -> dict[str, str]:
    """What a queue or topic gets when a configuration with it is put."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _iso(context.now_ms),
        "Bucket": bucket,
        "RequestId": context.request_id,
        "HostId": context.request_id,
    }


def bucket_arn(bucket: str, region: str) -> str:
    """The ARN of a bucket."""
    return make_arn("s3", "", "", bucket, partition_region=region)


def _describe_object(event: Event, *, has_sequencer: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"key": quote_plus(event.key.encode("utf-8", "surrogatepass"), safe="/*")}
    if event.size_bytes is not None:
        described["size"] = event.size_bytes
    if event.etag is not None:
        described["eTag"] = event.etag
    if event.version_id not in (None, NULL_VERSION):
        described["versionId"] = event.version_id
    if has_sequencer:
        described[_SEQUENCER] = ""
    return described


def _iso(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _retail_id(account: str) -> str:
    """The id of the bucket's owner as a customer: capitals and digits, the same for all buckets of an account."""
    return "A" + sha256(account.encode()).hexdigest()[:13].upper()
