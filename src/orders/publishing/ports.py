"""What publishing needs from OrderTopic and from the ledger. SNS implements Topic in topic.py, the tests have fakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from orders.domain.sizes import MESSAGE_BYTES_MAX
from orders.publishing.message import Message
from orders.publishing.order_files import Entry

# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = MESSAGE_BYTES_MAX


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
