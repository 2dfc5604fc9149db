"""The failed orders: what they are, why they failed, and their way back.

The reason is the function's, found in its log by the message's id; where the log is gone, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from orders.errors import OrderRejected
from orders.model import parse_order

UNKNOWN = "unknown: OrderProcessor's log says nothing of it"


class FailedMessage(Protocol):
    """What is needed of a message in OrderDLQ."""

    @property
    def message_id(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def sent_at_ms(self) -> int: ...


class LoggedFailure(Protocol):
    """What is needed of a line in the log."""

    @property
    def exception(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def last_at_ms(self) -> int: ...


class DeadLetter(NamedTuple):
    """A message that was set aside, with the reason."""

    message_id: str
    order_id: str | None
    reason: str
    exception: str | None
    field: str | None
    sent_at_ms: int
    failed_at_ms: int | None
    body: str


def make_dead_letter(message: FailedMessage, failure: LoggedFailure | None) -> DeadLetter:
    """What is known of a message. The order's id is read from its body, where it has one."""
    try:
        order_id: str | None = parse_order(message.body).order_id
    except OrderRejected:
        order_id = None
    if failure is None:
        return DeadLetter(message.message_id, order_id, UNKNOWN, None, None, message.sent_at_ms, None, message.body)
    return DeadLetter(
        message.message_id,
        order_id,
        failure.reason,
        failure.exception,
        failure.field,
        message.sent_at_ms,
        failure.last_at_ms,
        message.body,
    )


def select(letters: Sequence[DeadLetter], wanted: str) -> list[DeadLetter]:
    """Those whose message id or order id is, or whose message id begins with, what was asked for."""
    exact = [letter for letter in letters if wanted in (letter.message_id, letter.order_id)]
    return exact or [letter for letter in letters if letter.message_id.startswith(wanted)]


def oldest_ms(messages: Sequence[FailedMessage]) -> int:
    return min((message.sent_at_ms for message in messages), default=0)
