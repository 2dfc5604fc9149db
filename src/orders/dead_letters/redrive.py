"""The failed orders: what they are, why they failed, and their way back.

The reason is the function's, found in its log by the message's id. Where the log is gone the order is checked again,
and it is said that this is where the reason comes from.
Promises: an order leaves its dead-letter queue only after what replaces it was accepted elsewhere, so whoever dies in
the middle leaves it there twice, which is harmless, and never not at all.
Knows nothing of SQS and CloudWatch Logs: the queues are ports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from orders.domain.order import is_envelope, parse_order, peel
from orders.errors import OrderRejected
from orders.json_text import to_json
from orders.rate_limit import Pace

UNKNOWN = "unknown: OrderProcessor's log says nothing of it"
# Where a reason comes from.
FROM_LOG = "log"
FROM_CHECK = "check"
FROM_NOWHERE = "unknown"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
# A queue may take 1 MiB; 256 KiB is what every queue takes, and what SNS let through in the first place.
BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 262_144
# How often one message of a batch is sent or deleted, where its failure was the queue's.
ATTEMPTS_MAX = 3
# What makes two failures of one kind read differently: what was found, and where in the text.
_details = re.compile(r", got .*|: line \d+ column \d+ \(char \d+\)", re.DOTALL)


class FailedMessage(Protocol):
    """What is needed of a message in OrderDLQ."""

    @property
    def message_id(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def sent_at_ms(self) -> int: ...
    @property
    def attributes(self) -> Mapping[str, Any]:
        """The sender's attributes, as SQS has them: by name, DataType and StringValue or BinaryValue."""


AnyMessage = TypeVar("AnyMessage", bound=FailedMessage)


class LoggedFailure(Protocol):
    """What is needed of a message's lines in the log."""

    @property
    def exception(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def first_at_ms(self) -> int: ...
    @property
    def last_at_ms(self) -> int: ...


class Outgoing(NamedTuple):
    """A message to be sent."""

    body: str
    attributes: Mapping[str, Any]
    """As SQS takes them: by name, DataType and StringValue or BinaryValue."""

    @property
    def size_bytes(self) -> int:
        """As SQS counts: the body, and the attributes with their names and types."""
        values = ((name, value.get("DataType", ""), _value_of(value)) for name, value in self.attributes.items())
        return len(self.body.encode()) + sum(len(name) + len(kind) + size for name, kind, size in values)


class Failed(NamedTuple):
    """Why one message of a batch was not sent or not deleted. ``hopeless``: another attempt cannot help."""

    reason: str
    hopeless: bool


class Source(Protocol[AnyMessage]):
    """The queue of failed orders."""

    def taking(self, limit: int | None = None) -> AbstractContextManager[Iterator[AnyMessage]]:
        """Messages, hidden from others for as long as the block lasts; those not deleted are given back at its end."""

    def delete(self, messages: Sequence[AnyMessage]) -> list[Failed | None]:
        """Delete BATCH_ENTRIES_MAX messages at most; for each, in order, None if it is gone."""


class Target(Protocol):
    """The queue that orders are sent back to."""

    def send(self, messages: Sequence[Outgoing]) -> list[Failed | None]:
        """Send a batch, BATCH_ENTRIES_MAX and BATCH_BYTES_MAX at most; for each, in order, None if the queue has
        acknowledged it.
        """


class DeadLetter(NamedTuple):
    """A message that was set aside, with the reason."""

    message_id: str
    order_id: str | None
    reason: str
    exception: str | None
    field: str | None
    reason_from: str
    """FROM_LOG, FROM_CHECK or FROM_NOWHERE."""
    sent_at_ms: int
    first_failed_at_ms: int | None
    failed_at_ms: int | None
    """The last time."""
    attributes: dict[str, str]
    """The publisher's message attributes, in plain text."""
    body: str

    @property
    def kind(self) -> str:
        """The reason without what differs from order to order."""
        return _details.sub("", self.reason)

    @property
    def full_reason(self) -> str:
        return self.reason if self.exception is None else f"{self.exception}: {self.reason}"


class Group(NamedTuple):
    """Failed orders of one kind."""

    orders: int
    exception: str | None
    field: str | None
    reason: str
    """The reason of all of them, without what differs."""
    reason_from: str
    first_at_ms: int | None
    """When the first of them failed for the first time; None if no log tells."""
    last_at_ms: int | None
    message_ids: list[str]


def make_dead_letter(message: FailedMessage, failure: LoggedFailure | None) -> DeadLetter:
    """What is known of a message. The order's id is read from its body, where it has one."""
    checked: OrderRejected | None = None
    try:
        order_id: str | None = parse_order(message.body).order_id
    except OrderRejected as error:
        checked, order_id = error, _find_order_id(message.body)
    reason, reason_from = UNKNOWN, FROM_NOWHERE
    exception: str | None = None
    field: str | None = None
    if failure is not None:
        reason, exception, field, reason_from = failure.reason, failure.exception, failure.field, FROM_LOG
    elif checked is not None:
        reason, exception, field, reason_from = checked.reason, checked.code, checked.field, FROM_CHECK
    return DeadLetter(
        message.message_id,
        order_id,
        reason,
        exception,
        field,
        reason_from,
        message.sent_at_ms,
        None if failure is None else failure.first_at_ms,
        None if failure is None else failure.last_at_ms,
        {**_envelope_attributes(message.body), **_plain_attributes(message.attributes, "DataType", "StringValue")},
        message.body,
    )


def _find_order_id(body: str) -> str | None:
    """The id of an order that breaks the contract elsewhere."""
    try:
        value = json.loads(peel(body))
    except (ValueError, RecursionError):
        return None
    order_id = value.get("orderId") if isinstance(value, dict) else None
    return order_id if isinstance(order_id, str) and order_id else None


def join_failures(messages: Sequence[FailedMessage], failures: Mapping[str, LoggedFailure]) -> list[DeadLetter]:
    """Each message with its failure by message id, the oldest first."""
    letters = [make_dead_letter(message, failures.get(message.message_id)) for message in messages]
    return sorted(letters, key=lambda letter: letter.sent_at_ms)


def oldest_ms(messages: Sequence[FailedMessage]) -> int:
    return min((message.sent_at_ms for message in messages), default=0)


# --- Telling ------------------------------------------------------------------------------------------------


def pretty(body: str) -> str:
    """The order without its wrappings, laid out if it is JSON, else as it is."""
    text = peel(body)
    try:
        return to_json(json.loads(text, parse_float=Decimal), indent=2)
    except (ValueError, RecursionError):
        return text


def tell_reason(letter: DeadLetter) -> str:
    """The reason, with where it comes from if that is not the log."""
    if letter.reason_from == FROM_CHECK:
        return f"{letter.full_reason} (the log says nothing of it; found by checking the order again)"
    return letter.full_reason


def export_line(letter: DeadLetter) -> str:
    """All that is known of a failed order as a line of JSON; the order as it came is in ``body``."""
    return to_json(letter._asdict()) + "\n"


# --- Choosing -----------------------------------------------------------------------------------------------


def group_by_reason(letters: Sequence[DeadLetter]) -> list[Group]:
    """Failed orders by what is wrong with them, the most frequent first."""
    kinds: dict[tuple[str | None, str | None, str, str], list[DeadLetter]] = {}
    for letter in letters:
        kinds.setdefault((letter.exception, letter.field, letter.kind, letter.reason_from), []).append(letter)
    groups = [_make_group(members) for members in kinds.values()]
    return sorted(groups, key=lambda group: -group.orders)


def _make_group(members: Sequence[DeadLetter]) -> Group:
    first = members[0]
    alike = all(letter.reason == first.reason for letter in members)
    return Group(
        len(members),
        first.exception,
        first.field,
        first.reason if alike else first.kind,
        first.reason_from,
        min((letter.first_failed_at_ms for letter in members if letter.first_failed_at_ms is not None), default=None),
        max((letter.failed_at_ms for letter in members if letter.failed_at_ms is not None), default=None),
        [letter.message_id for letter in members],
    )


def select(letters: Sequence[DeadLetter], wanted: str) -> list[DeadLetter]:
    """Those whose message id or order id is, or whose message id begins with, what was asked for."""
    exact = [letter for letter in letters if wanted in (letter.message_id, letter.order_id)]
    return exact or [letter for letter in letters if letter.message_id.startswith(wanted)]


def select_by_reason(letters: Sequence[DeadLetter], wanted: str) -> list[DeadLetter]:
    """Those whose exception and reason, as ``orders dlq list`` shows them, contain a text, in any case."""
    return [letter for letter in letters if wanted.casefold() in letter.full_reason.casefold()]


# --- The way back -------------------------------------------------------------------------------------------


def send_back(
    source: Source[AnyMessage],
    target: Target,
    message_ids: Collection[str],
    *,
    mended: Mapping[str, str] | None = None,
    pace: Pace | None = None,
    on_sent: Callable[[int], None] = lambda _: None,
    on_trouble: Callable[[str, str], None] = lambda _id, _reason: None,
) -> list[str]:
    """Send messages to another queue in batches, each as it is or with the mended body; the ids of those sent.

    Each is deleted only after the target has acknowledged its successor; ``on_sent`` then hears how many were sent so
    far. One that is not sent was taken away by others meanwhile, is being looked at by them, or was refused: only of
    the last does ``on_trouble`` hear, by message id and reason, and of one that was sent and could not be deleted.
    Errors of a whole call go through: what was sent is no longer in the source then, save perhaps the last batch, and
    the rest still is.
    """

    def draft(message: AnyMessage) -> Outgoing:
        return Outgoing((mended or {}).get(message.message_id, message.body), message.attributes)

    sent: list[str] = []
    entries_max = BATCH_ENTRIES_MAX if pace is None else pace.at_once(BATCH_ENTRIES_MAX)
    for taken in _take(source, message_ids):
        for batch in _batches(taken, lambda message: draft(message).size_bytes, entries_max):
            if pace is not None:
                pace.wait(len(batch))
            acknowledged, refused = _insist(lambda some: target.send([draft(one) for one in some]), batch)
            # Only now: died in between, these are there twice, which is harmless.
            _, kept = _insist(source.delete, acknowledged)
            sent += [message.message_id for message in acknowledged]
            on_sent(len(sent))
            for message, reason in refused:
                on_trouble(message.message_id, f"not sent back: {reason}")
            for message, reason in kept:
                on_trouble(message.message_id, f"sent back, but not removed: {reason}")
    return sent


def delete_chosen(
    source: Source[AnyMessage],
    message_ids: Collection[str],
    *,
    on_trouble: Callable[[str, str], None] = lambda _id, _reason: None,
) -> int:
    """Delete messages for good; how many. ``on_trouble`` hears, by message id and reason, of those that stayed."""
    deleted = 0
    for taken in _take(source, message_ids):
        gone, kept = _insist(source.delete, taken)
        deleted += len(gone)
        for message, reason in kept:
            on_trouble(message.message_id, f"not deleted: {reason}")
    return deleted


def _take(source: Source[AnyMessage], message_ids: Collection[str]) -> Iterator[list[AnyMessage]]:
    """The wanted ones of each BATCH_ENTRIES_MAX messages, so that none is held back until a batch is full."""
    left = set(message_ids)
    with source.taking() as messages:
        while left and (seen := list(islice(_until_found(messages, left), BATCH_ENTRIES_MAX))):
            if wanted := [message for message, is_wanted in seen if is_wanted]:
                yield wanted


def _until_found(messages: Iterator[AnyMessage], left: set[str]) -> Iterator[tuple[AnyMessage, bool]]:
    """Each message, and whether it is wanted, up to the last wanted one."""
    while left:
        message = next(messages, None)
        if message is None:
            return
        is_wanted = message.message_id in left
        left.discard(message.message_id)
        yield message, is_wanted


def _batches(
    messages: Sequence[AnyMessage], size_of: Callable[[AnyMessage], int], entries_max: int
) -> Iterator[list[AnyMessage]]:
    """What fits into one call each. A message that is too large for any goes alone, for the queue to refuse."""
    batch: list[AnyMessage] = []
    batch_bytes = 0
    for message in messages:
        size = size_of(message)
        if batch and (len(batch) == entries_max or batch_bytes + size > BATCH_BYTES_MAX):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(message)
        batch_bytes += size
    if batch:
        yield batch


def _insist(
    call: Callable[[Sequence[AnyMessage]], list[Failed | None]], messages: Sequence[AnyMessage]
) -> tuple[list[AnyMessage], list[tuple[AnyMessage, str]]]:
    """Call with all, then with those that failed through the queue's fault: those done, and those not, with why."""
    done: list[AnyMessage] = []
    hopeless: list[tuple[AnyMessage, str]] = []
    pending: list[tuple[AnyMessage, str]] = [(message, "") for message in messages]
    for _ in range(ATTEMPTS_MAX):
        if not pending:
            break
        asked = [message for message, _ in pending]
        pending = []
        for message, failed in zip(asked, call(asked), strict=True):
            if failed is None:
                done.append(message)
            else:
                (hopeless if failed.hopeless else pending).append((message, failed.reason))
    return done, hopeless + pending


# --- Attributes ---------------------------------------------------------------------------------------------


def _envelope_attributes(body: str) -> dict[str, str]:
    """The attributes that SNS wrote into its envelope."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict) or not is_envelope(value):
        return {}
    return _plain_attributes(value.get("MessageAttributes"), "Type", "Value")


def _plain_attributes(attributes: object, type_member: str, value_member: str) -> dict[str, str]:
    if not isinstance(attributes, Mapping):
        return {}
    return {
        str(name): str(value.get(value_member, f"({value.get(type_member)})"))
        for name, value in attributes.items()
        if isinstance(value, Mapping)
    }


def _value_of(attribute: Mapping[str, Any]) -> int:
    """How many bytes an attribute's value takes."""
    value = attribute.get("StringValue", attribute.get("BinaryValue", b""))
    return len(value.encode() if isinstance(value, str) else value)
