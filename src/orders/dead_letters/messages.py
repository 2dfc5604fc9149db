"""Messages of OrderQueue and OrderDLQ, and what redriving needs from a queue. SQS implements it in queues.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
# A queue may take 1 MiB; every queue takes 256 KiB, and SNS lets no larger message through.
BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 262_144


class QueueMessage(NamedTuple):
    """A message as it was received."""

    message_id: str
    body: str
    receipt_handle: str
    sent_at_ms: int
    receives: int
    attributes: Mapping[str, Any] = {}
    """The sender's message attributes as SQS has them: by name, DataType and StringValue or BinaryValue."""
    group: str | None = None
    """The message group of a fair queue."""
    trace_header: str | None = None
    """X-Ray's header that it came with."""
    claim: str | None = None
    """The key in the claims bucket, if the body was read from there (claimed.py)."""
    pointer: str | None = None
    """The body as the queue holds it then."""


class OutgoingMessage(NamedTuple):
    """A message to send."""

    body: str
    attributes: Mapping[str, Any]
    """As SQS takes them: by name, DataType and StringValue or BinaryValue."""
    group: str | None = None
    trace_header: str | None = None

    @property
    def size_bytes(self) -> int:
        """As SQS counts: the body, and the attributes with their names and types."""
        values = ((name, value.get("DataType", ""), _value_of(value)) for name, value in self.attributes.items())
        return len(self.body.encode()) + sum(len(name) + len(kind) + size for name, kind, size in values)


class BatchError(NamedTuple):
    """Why one message of a batch was not sent or not deleted."""

    reason: str
    retryable: bool
    """Whether another attempt may succeed: the queue failed, not the sender."""


class Source(Protocol):
    """A queue that messages are taken from."""

    def taking(self, limit: int | None = None) -> AbstractContextManager[Iterator[QueueMessage]]:
        """Messages, hidden from other readers while the block runs. Those not deleted are released at its end."""

    def delete(self, messages: Sequence[QueueMessage]) -> list[BatchError | None]:
        """Delete at most BATCH_ENTRIES_MAX messages. Answers for each, in order: None once it is deleted."""


class Target(Protocol):
    """A queue that messages are sent to."""

    def send(self, messages: Sequence[OutgoingMessage]) -> list[BatchError | None]:
        """Send a batch of at most BATCH_ENTRIES_MAX messages and BATCH_BYTES_MAX bytes. Answers for each, in order:
        None once the queue has acknowledged it.
        """


def _value_of(attribute: Mapping[str, Any]) -> int:
    """How many bytes an attribute's value takes."""
    value = attribute.get("StringValue", attribute.get("BinaryValue", b""))
    return len(value.encode() if isinstance(value, str) else value)
