"""OrderTopic, as OrderIntake publishes to it: in batches, with the SDK's retries.

AWS: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orders.batches import split_batches
from orders.domain.claims import make_key
from orders.errors import OrderUnavailable
from orders.intake.idempotency import WAITING, Outcome
from orders.processor.ports import Claims
from orders.publishing.message import Message, point_to

BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 262_144
_THROTTLED = frozenset(
    {"Throttled", "ThrottledException", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests"}
)


class SnsTopic:
    """The port Topic."""

    def __init__(self, topic_arn: str, claims: Claims | None = None) -> None:
        """``claims`` is the bucket for messages that are too large for SNS, in a system with claim checks."""
        self._claims = claims
        self._topic_arn = topic_arn
        retries: Any = {"mode": "standard", "total_max_attempts": 3}
        self._sns = boto3.client("sns", config=Config(retries=retries, connect_timeout=2, read_timeout=5))

    def publish(self, messages: Sequence[Message]) -> list[Outcome]:
        """An outcome for each. After a call without an answer no further one is made."""
        outcomes: list[Outcome] = []
        lost: Outcome | None = None
        for batch in split_batches(
            messages, lambda one: one.size_bytes, entries_max=BATCH_ENTRIES_MAX, bytes_max=BATCH_BYTES_MAX
        ):
            if lost is None:
                try:
                    outcomes += self._publish_batch([self._claim(one) for one in batch])
                    continue
                except OrderUnavailable as error:
                    lost = Outcome(reason=error.reason, is_final=False)
                except ClientError as error:
                    is_throttled = error.response["Error"].get("Code", "") in _THROTTLED
                    lost = Outcome(reason=str(error), is_final=False, is_throttled=is_throttled)
                except BotoCoreError as error:
                    lost = Outcome(reason=str(error), is_final=False)
            outcomes += [lost] * len(batch)
        return outcomes

    def _claim(self, message: Message) -> Message:
        """The message itself, or one that points to it in S3. Raises OrderUnavailable."""
        if self._claims is None or message.size_bytes <= BATCH_BYTES_MAX:
            return message
        content = message.text.encode()
        key = make_key(content)
        self._claims.keep(key, content)
        return point_to(message, self._claims.name, key, len(content))

    def _publish_batch(self, batch: Sequence[Message]) -> list[Outcome]:
        entries: list[Any] = [_entry(place, one) for place, one in enumerate(batch)]
        answer = self._sns.publish_batch(TopicArn=self._topic_arn, PublishBatchRequestEntries=entries)
        outcomes = [WAITING] * len(batch)
        for one in answer.get("Successful", []):
            outcomes[int(one["Id"])] = Outcome(one["MessageId"])
        for one in answer.get("Failed", []):
            reason = f"{one['Code']}: {one.get('Message', '')}"
            is_throttled = one["Code"] in _THROTTLED
            outcomes[int(one["Id"])] = Outcome(
                "", reason, is_final=one["SenderFault"] and not is_throttled, is_throttled=is_throttled
            )
        return outcomes


def _entry(place: int, message: Message) -> dict[str, Any]:
    attributes = {name: {"DataType": kind, "StringValue": value} for name, kind, value in message.attributes}
    return {"Id": str(place), "Message": message.text, "MessageAttributes": attributes}
