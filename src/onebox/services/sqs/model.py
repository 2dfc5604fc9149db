"""Values of SQS: a queue with its attributes parsed, a message to be stored, a message as it is handed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from onebox.runtime.metrics import Dimensions
from onebox.services.context import Wire
from onebox.services.iam.policy import Statement
from onebox.services.sqs.receipts import Receipt


class State(IntEnum):
    """The state of a message.

    VISIBLE -> IN_FLIGHT (received) -> VISIBLE (timeout) or gone (deleted); DELAYED -> VISIBLE (delay over). Whether a
    visible message of a FIFO queue may be received depends on its message group as well (store/groups.py).
    """

    VISIBLE = 0
    IN_FLIGHT = 2
    DELAYED = 3


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """Where messages go that were received ``receive_count_max`` times and not deleted."""

    dead_letter_arn: str
    receive_count_max: int


@dataclass(frozen=True, slots=True)
class RedriveAllowPolicy:
    """Which queues may name this one as their dead-letter queue: ``allowAll``, ``denyAll`` or ``byQueue``."""

    permission: str
    source_arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as one revision of its row describes it. ``attributes`` are those set, as AWS writes them."""

    account: str
    region: str
    name: str
    arn: str
    queue_id: int
    backlog_id: int
    revision: int
    created_at_ms: int
    modified_at_ms: int
    purged_at_ms: int | None
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    is_fifo: bool
    visibility_timeout_ms: int
    delay_ms: int
    wait_ms: int
    retention_ms: int
    message_bytes_max: int
    deduplicates_by_content: bool
    deduplicates_by_group: bool
    scope_changed_at_ms: int | None
    """When DeduplicationScope was changed last."""
    redrive: RedrivePolicy | None
    redrive_allow: RedriveAllowPolicy
    policy: tuple[Statement, ...]
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class Counts:
    """The messages of a backlog by what a client may know of them."""

    visible: int
    in_flight: int
    delayed: int


class ValidMessage(NamedTuple):
    """A message that passed every check and waits to be stored."""

    body: str
    body_md5: str
    body_bytes: int
    delay_ms: int
    attributes: str | None = None
    """JSON, see :mod:`message_attributes`."""
    attributes_md5: str | None = None
    trace_header: str | None = None
    system_attributes_md5: str | None = None
    group_id: str | None = None
    dedup_id: str | None = None


class Delivery(NamedTuple):
    """A message that another service puts into a queue. ``attributes`` are MessageAttributes."""

    body: str
    attributes: Wire
    group_id: str | None = None
    dedup_id: str | None = None
    """Passed over by a standard queue."""


class Sent(NamedTuple):
    """What the sender learns of a stored message."""

    message_id: str
    sequence_number: str | None


class StoredMessage(NamedTuple):
    """A message as the store holds it; of a receive, before this receive is counted."""

    id: int
    receive_count: int
    uncounted_receives: int
    """Receives that are no attempts, since the process ended before they did."""
    first_received_at_ms: int | None
    message_id: str
    body_md5: str
    sent_at_ms: int
    sender_id: str
    attributes: str | None
    attributes_md5: str | None
    trace_header: str | None
    group_id: str | None
    dedup_id: str | None
    sequence_number: str | None
    dead_letter_source_arn: str | None
    receive_count_on_arrival: int
    arrived_at_ms: int
    body: str

    @property
    def counted_receives(self) -> int:
        """How often the message was received, as far as it counts."""
        return self.receive_count - self.uncounted_receives


class MovableMessage(NamedTuple):
    """What a move task needs to know of a message."""

    id: int
    group_id: str | None
    dead_letter_source_arn: str | None


class ReceivedMessage(NamedTuple):
    """A message handed to another service, with all its attributes, in the words of ReceiveMessage."""

    message_id: str
    receipt: Receipt
    """What the handle says, for whoever hands the message back."""
    receipt_handle: str
    body: str
    md5_of_body: str
    attributes: dict[str, str]
    message_attributes: Wire
    md5_of_message_attributes: str | None


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """What other services may know of a queue."""

    arn: str
    account: str
    region: str
    name: str
    visibility_timeout_s: int
    is_fifo: bool
    has_redrive_policy: bool


@dataclass(frozen=True, slots=True)
class MoveTask:
    """A message move task; moments in milliseconds."""

    task_id: str
    account: str
    region: str
    source_arn: str
    destination_arn: str | None
    messages_per_second: int | None
    status: str
    failure_reason: str | None
    moved: int
    to_move: int
    last_message_id: int
    started_at_ms: int
