"""The events of an order: what each notification did to it, and each change of its item in the table.

Two kinds, in one table under one key. A change (stored, replaced, removed, erased) comes from the stream of the table
Orders and has the stream's sequence number. What changed nothing (duplicate, late, conflict, rejected) leaves no record
in the stream: OrderProcessor writes it as a notice.
Promises: the same change or notice always has the same key, so what is written twice is stored once.
Pure. Standard library only: this file travels with the functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from orders.domain.differences import Difference, Differences
from orders.domain.trace_context import TRACEPARENT, read_traceparent
from orders.json_text import to_json

# Stream sequence numbers have up to 40 digits and are compared as numbers; keys are compared as text.
SEQUENCE_DIGITS = 40
NOTICE_PREFIX = "notice#"
NOTIFICATION_CHARACTERS_MAX = 200
# The fields that show a change at a glance, and by which subscribers of OrderChanged filter.
SUMMARY_FIELDS = ("status", "total", "currency", "country", "timestamp")
SUMMARY_CHARACTERS_MAX = 100


class Happening(str, Enum):
    """What an event tells."""

    STORED = "stored"
    REPLACED = "replaced"
    REMOVED = "removed"
    ERASED = "erased"
    DUPLICATE = "duplicate"
    LATE = "late"
    CONFLICT = "conflict"
    REJECTED = "rejected"


CHANGES = frozenset({Happening.STORED, Happening.REPLACED, Happening.REMOVED, Happening.ERASED})


class OrderEvent(NamedTuple):
    """One event of one order.

    For duplicate, late and conflict the differences lead from the stored order to the one that arrived.
    """

    order_id: str
    sequence: str
    """The sort key: a change's padded sequence number, or a notice's key. It is the event's id too."""
    happening: Happening
    at_ms: int
    notification: str | None
    """The SNS message id, or the SQS message id with raw delivery; None if the writer left none."""
    differences: Differences = Differences()
    summary: Mapping[str, Any] = {}
    reason: str | None = None
    traceparent: str | None = None
    """The trace context that came with the notification."""

    @property
    def is_change(self) -> bool:
        return self.happening in CHANGES


def change_key(sequence_number: str) -> str:
    return sequence_number.zfill(SEQUENCE_DIGITS)


def notice_key(sent_at_ms: int, notification: str, happening: Happening) -> str:
    """In order of sending. A message that is delivered again gets the same key."""
    return f"{NOTICE_PREFIX}{sent_at_ms:015d}#{notification[:NOTIFICATION_CHARACTERS_MAX]}#{happening.value}"


def summarize(order: Mapping[str, Any]) -> dict[str, Any]:
    """The few short fields that tell an order at a glance."""
    return {name: order[name] for name in SUMMARY_FIELDS if _is_short(order.get(name))}


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= SUMMARY_CHARACTERS_MAX
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def to_attributes(event: OrderEvent) -> dict[str, Any]:
    """The event's fields as they are stored, with the key."""
    found = {
        "orderId": event.order_id,
        "sequence": event.sequence,
        "event": event.happening.value,
        "at": event.at_ms,
        "notification": event.notification,
        TRACEPARENT: event.traceparent,
        "differences": to_json([list(one) for one in event.differences.shown]) if event.differences.shown else None,
        "differencesLeftOut": event.differences.left_out or None,
        "summary": to_json(dict(event.summary)) if event.summary else None,
        "reason": event.reason,
    }
    return {name: value for name, value in found.items() if value is not None}


def from_attributes(attributes: Mapping[str, Any]) -> OrderEvent:
    """The event that to_attributes wrote. Raises ValueError or KeyError for what it did not write."""
    rows = json.loads(attributes.get("differences", "[]"))
    return OrderEvent(
        order_id=attributes["orderId"],
        sequence=attributes["sequence"],
        happening=Happening(attributes["event"]),
        at_ms=int(attributes["at"]),
        notification=attributes.get("notification"),
        differences=Differences(
            tuple(Difference(str(path), before, after) for path, before, after in rows),
            int(attributes.get("differencesLeftOut", 0)),
        ),
        summary=json.loads(attributes.get("summary", "{}"), parse_float=Decimal),
        reason=attributes.get("reason"),
        traceparent=read_traceparent(attributes.get(TRACEPARENT)),
    )
