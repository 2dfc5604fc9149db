"""Failed orders and why they failed.

The reason is OrderProcessor's, found in its log by the message id. Where the log has no line for the message, the order
is checked again, and ``reason_from`` says so. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orders.dead_letters.messages import QueueMessage
from orders.domain.limits import ORDER_BYTES_MAX
from orders.domain.order import find_event, is_envelope, parse_order, unwrap_body
from orders.errors import OrderRejected
from orders.function_log.failures import LoggedFailure, LoggedFailures
from orders.json_text import lay_out, to_json
from orders.text import well_formed

UNKNOWN = "unknown: OrderProcessor's log has no line for this message"
# Where a reason comes from.
FROM_LOG = "log"
FROM_TIME = "time"
FROM_CHECK = "check"
FROM_NOWHERE = "unknown"
# The parts of a reason that differ between orders with the same fault: the value found, and its place in the text.
_details = re.compile(r", got .*|: line \d+ column \d+ \(char \d+\)", re.DOTALL)


class FailedOrder(NamedTuple):
    """An order in OrderDLQ, with the reason it failed."""

    message_id: str
    order_id: str | None
    reason: str
    exception: str | None
    field: str | None
    reason_from: str
    """FROM_LOG, FROM_TIME (calls failed so after it was sent; no line names it), FROM_CHECK or FROM_NOWHERE."""
    sent_at_ms: int
    first_failed_at_ms: int | None
    failed_at_ms: int | None
    """The last time."""
    attributes: dict[str, str]
    """The publisher's message attributes, in plain text."""
    body: str
    detail: str = ""
    """The traceback of an exception, the line of a timeout or of an exit; empty for other failures."""
    claim: str | None = None
    """The key in the claims bucket, if the order came by claim check; ``body`` is then what was read from there."""

    @property
    def is_by_claim(self) -> bool:
        """Whether the order came by claim check; so does the edited one, if it is still large."""
        return self.claim is not None

    @property
    def kind(self) -> str:
        """The reason without what differs from order to order."""
        return _details.sub("", self.reason)

    @property
    def full_reason(self) -> str:
        return self.reason if self.exception is None else f"{self.exception}: {self.reason}"


def make_failed_order(message: QueueMessage, failure: LoggedFailure | None) -> FailedOrder:
    """What is known of a message. The order's id is read from its body, where it has one."""
    checked: OrderRejected | None = None
    try:
        # As OrderProcessor reads it: what is too large for an item is taken by claim check only.
        bytes_max = ORDER_BYTES_MAX if message.claim is None else None
        order_id: str | None = parse_order(message.body, bytes_max=bytes_max).order_id
    except OrderRejected as error:
        checked, order_id = error, _find_order_id(message.body)
    reason, reason_from = UNKNOWN, FROM_NOWHERE
    exception: str | None = None
    field: str | None = None
    if failure is not None and not (failure.is_by_time and checked is not None):
        reason, exception, field = failure.reason, failure.exception, failure.field
        reason_from = FROM_TIME if failure.is_by_time else FROM_LOG
    elif checked is not None:
        reason, exception, field, reason_from = checked.reason, checked.code, checked.field, FROM_CHECK
    return FailedOrder(
        message_id=message.message_id,
        order_id=order_id,
        reason=reason,
        exception=exception,
        field=field,
        reason_from=reason_from,
        sent_at_ms=message.sent_at_ms,
        first_failed_at_ms=None if failure is None else failure.first_at_ms,
        failed_at_ms=None if failure is None else failure.last_at_ms,
        attributes={
            **_envelope_attributes(message.body if message.pointer is None else message.pointer),
            **_plain_attributes(message.attributes, "DataType", "StringValue"),
            **_event_attributes(message.body),
        },
        body=message.body,
        detail="" if failure is None else failure.detail,
        claim=message.claim,
    )


def _find_order_id(body: str) -> str | None:
    """The id of an order that breaks the contract elsewhere."""
    try:
        value = json.loads(unwrap_body(body), parse_int=float)
    except (ValueError, RecursionError):
        return None
    order_id = value.get("orderId") if isinstance(value, dict) else None
    return well_formed(order_id) if isinstance(order_id, str) and order_id else None


def join_reasons(messages: Sequence[QueueMessage], failures: LoggedFailures) -> list[FailedOrder]:
    """Each message with its failure, the oldest first."""
    failed_orders = [
        make_failed_order(message, failures.find(message.message_id, message.sent_at_ms)) for message in messages
    ]
    return sorted(failed_orders, key=lambda order: order.sent_at_ms)


def oldest_ms(messages: Sequence[QueueMessage]) -> int:
    """When the oldest of these messages was sent; 0 for none."""
    return min((message.sent_at_ms for message in messages), default=0)


def pretty(body: str) -> str:
    """The order without its wrappings, laid out if it is JSON, else as it is."""
    text = unwrap_body(body)
    try:
        return lay_out(text)
    except (ValueError, RecursionError):
        return well_formed(text)


def describe_reason(order: FailedOrder) -> str:
    """The reason, with where it comes from if that is not the log."""
    if order.reason_from == FROM_CHECK:
        return f"{order.full_reason} (not in the log; found by checking the order again)"
    if order.reason_from == FROM_TIME:
        return f"{order.full_reason} (no line of the log names the message; calls failed so after it was sent)"
    return order.full_reason


def export_line(order: FailedOrder) -> str:
    """All that is known of a failed order as a line of JSON; the order as it came is in ``body``."""
    return to_json(order._asdict()) + "\n"


# --- Attributes -------------------------------------------------------------------------------------------------------


def _envelope_attributes(body: str) -> dict[str, str]:
    """The attributes that SNS wrote into its envelope."""
    try:
        value = json.loads(body, parse_int=float)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict) or not is_envelope(value):
        return {}
    return _plain_attributes(value.get("MessageAttributes"), "Type", "Value")


def _event_attributes(body: str) -> dict[str, str]:
    """Who says that he sent the order, where it is the data of a CloudEvent; named as CloudEvents names them in SQS."""
    event = find_event(body)
    names = ("id", "source", "type", "time", "subject")
    return (
        {}
        if event is None
        else {f"cloudEvents_{name}": well_formed(str(event[name])) for name in names if name in event}
    )


def _plain_attributes(attributes: object, type_member: str, value_member: str) -> dict[str, str]:
    if not isinstance(attributes, Mapping):
        return {}
    return {
        well_formed(str(name)): well_formed(str(value.get(value_member, f"({value.get(type_member)})")))
        for name, value in attributes.items()
        if isinstance(value, Mapping)
    }
