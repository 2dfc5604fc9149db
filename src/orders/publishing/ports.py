"""What publishing needs from OrderTopic and from the ledger. SNS implements Topic in topic.py, the tests have fakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from orders.domain.claims import CLAIM_BYTES_MAX, too_large
from orders.errors import OrderRejected
from orders.publishing.message import Message
from orders.publishing.order_files import Entry

# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 262_144


def check_size(size_bytes: int, *, claim_check: bool) -> None:
    """Raises OrderRejected for a message that is too large for SNS, or for S3 where ``claim_check`` sends it so."""
    if claim_check and size_bytes > CLAIM_BYTES_MAX:
        raise too_large(size_bytes)
    if not claim_check and size_bytes > BATCH_BYTES_MAX:
        raise OrderRejected(
            f"{size_bytes} bytes: SNS takes {BATCH_BYTES_MAX}, a claim check {CLAIM_BYTES_MAX}", code="InvalidParameter"
        )


class Rejection(NamedTuple):
    """Why SNS did not accept one message of a call."""

    code: str
    reason: str
    retryable: bool
    """Whether another attempt may succeed; False if the order itself is at fault."""


class Topic(Protocol):
    """Where orders are published."""

    def publish(self, messages: Sequence[Message]) -> list[Rejection | None]:
        """Publish at most BATCH_ENTRIES_MAX messages in one call. Answers for each, in order: None if it was accepted.

        Raises OrderUnavailable if the whole call failed and may succeed later.
        """


class Ledger(Protocol):
    """Which orders of a source were accepted, kept beyond this run."""

    def is_accepted(self, entry: Entry) -> bool: ...

    def accept(self, entries: Iterable[Entry]) -> None: ...
