"""The events of one order in order of time, and how they read. Pure.

Changes of the table and notices stand in two ranges of keys, each in its own order; here they become one.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple, Protocol

from orders.domain.history import Happening, OrderEvent

_SENTENCES = {
    Happening.STORED: "stored",
    Happening.REPLACED: "replaced by a newer notification",
    Happening.REMOVED: "removed from the table",
    Happening.ERASED: "erased on request",
    Happening.DUPLICATE: "duplicate: the same order was stored already",
    Happening.LATE: "late: a newer notification was stored already",
    Happening.CONFLICT: "conflict: same timestamp, different content; moved to OrderDLQ",
    Happening.REJECTED: "rejected; moved to OrderDLQ",
}


class Events(Protocol):
    """Where events are read, newest first."""

    def changes(self, order_id: str) -> Iterator[OrderEvent]: ...

    def notices(self, order_id: str) -> Iterator[OrderEvent]: ...


class Timeline(NamedTuple):
    """Events of an order, oldest first. ``is_cut`` says that there are older ones."""

    events: list[OrderEvent]
    is_cut: bool


def read_timeline(events: Events, order_id: str, limit: int) -> Timeline:
    """The newest ``limit`` events of an order. Each range keeps its own order, whatever the clocks say."""
    newest_first = merge(events.changes(order_id), events.notices(order_id), key=lambda one: one.at_ms, reverse=True)
    found = list(islice(newest_first, limit + 1))
    return Timeline(found[:limit][::-1], len(found) > limit)


def describe(event: OrderEvent) -> str:
    """A sentence about an event."""
    sentence = _SENTENCES[event.happening]
    return f"{sentence}: {event.reason}" if event.happening is Happening.REJECTED and event.reason else sentence


def to_plain(event: OrderEvent) -> dict[str, Any]:
    """The event for programs."""
    return {
        "event": event.happening.value,
        "eventId": event.sequence,
        "orderId": event.order_id,
        "atMs": event.at_ms,
        "notification": event.notification,
        "traceparent": event.traceparent,
        "differences": [one._asdict() for one in event.differences.shown],
        "differencesLeftOut": event.differences.left_out,
        "order": dict(event.summary),
        "reason": event.reason,
    }
