"""Finding orders by user, status and time, through the table's indexes.

Promises: no query scans the table, and pages are read lazily. Without user and status, the ranges of the usual
statuses are merged by time, because DynamoDB cannot list the existing statuses. Timestamps compare as moments in time.
The index sorts them as text, so the query reads whole days around the requested range and filters them by moment.
Orders with equal timestamps are sorted by status, then by index position, so paging resumes at the right order even if
hundreds share a timestamp.
Independent of DynamoDB: the indexes are a port.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, Protocol

from orders.domain.order import parse_moment_ns
from orders.domain.times import DAY_NS
from orders.errors import OrderRejected

# The statuses that a list without --status queries. Orders of another status are found by naming it.
USUAL_STATUSES = ("new", "paid", "shipped", "delivered", "cancelled", "returned", "refunded")

# The largest UTC offset. A timestamp's text therefore differs from UTC by at most a day plus this.
# https://en.wikipedia.org/wiki/List_of_UTC_offsets
OFFSET_MAX_NS = 14 * 3_600_000_000_000
# Sorts after every hour of a day.
DAY_END = "~"
PAGE_ITEMS = 1000

Bounds = tuple[str | None, str | None]


class Position(NamedTuple):
    """An order's position in a list sorted by time."""

    timestamp: str
    status: str
    order_id: str


class OrderIndexes(Protocol):
    """The table's indexes: each order without its items, by the text of its timestamp."""

    def orders_of_user(
        self,
        user: str,
        statuses: Sequence[str],
        bounds: Bounds,
        *,
        newest_first: bool,
        page_items: int,
        after: Position | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The page starts after the position ``after``; that order need not exist any more."""

    def orders_of_status(
        self, status: str, bounds: Bounds, *, newest_first: bool, page_items: int, after: Position | None = None
    ) -> Iterator[dict[str, Any]]: ...


class Wanted(NamedTuple):
    """Search criteria. Times: nanoseconds since year 1: from ``since_ns`` inclusive to ``until_ns`` exclusive."""

    user: str | None = None
    statuses: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    newest_first: bool = True
    limit: int | None = None
    after: Position | None = None
    """The position of the last order seen; the search resumes after it."""

    def holds(self, order: dict[str, Any]) -> bool:
        """Whether an order from an index is in the requested time range."""
        if self.since_ns is None and self.until_ns is None:
            return True
        try:
            moment_ns = parse_moment_ns(order["timestamp"])
        except OrderRejected:
            return False
        return (self.since_ns is None or moment_ns >= self.since_ns) and (
            self.until_ns is None or moment_ns < self.until_ns
        )

    @property
    def bounds(self) -> Bounds:
        """Text bounds that enclose every timestamp in the requested range."""
        first = None if self.since_ns is None else _day(self.since_ns - OFFSET_MAX_NS)
        last = None if self.until_ns is None else _day(self.until_ns + OFFSET_MAX_NS) + DAY_END
        return first, last


def find_orders(indexes: OrderIndexes, wanted: Wanted, page_items: int = PAGE_ITEMS) -> Iterator[dict[str, Any]]:
    """The matching orders, sorted by time. Orders without a timestamp are in no index and are not found."""
    if wanted.limit is not None and wanted.bounds == (None, None):
        page_items = min(page_items, wanted.limit)
    find = _of_statuses if wanted.user is None else _of_user
    found = find(indexes, wanted, page_items)
    return islice(filter(wanted.holds, found), wanted.limit)


def position_of(order: dict[str, Any]) -> Position:
    """The position of an order from an index, from which a search can resume."""
    # A user's order may lack a status; the user index does not need one.
    return Position(order["timestamp"], order.get("status") or "", order["orderId"])


def _of_user(indexes: OrderIndexes, wanted: Wanted, page_items: int) -> Iterator[dict[str, Any]]:
    assert wanted.user is not None
    after, rest = wanted.after, _Rest(wanted)
    if rest.is_empty:
        return iter(())
    return indexes.orders_of_user(
        wanted.user,
        wanted.statuses,
        wanted.bounds,
        newest_first=wanted.newest_first,
        page_items=page_items,
        after=after if rest.begins_inside else None,
    )


def _of_statuses(indexes: OrderIndexes, wanted: Wanted, page_items: int) -> Iterator[dict[str, Any]]:
    """The ranges of the statuses, merged by time; equal timestamps are sorted by status."""
    rest = _Rest(wanted)
    if rest.is_empty:
        return iter(())
    ranges = [
        rest.of_status(indexes, status, rank, page_items)
        for rank, status in enumerate(wanted.statuses or USUAL_STATUSES)
    ]
    return heapq.merge(*ranges, key=lambda order: order["timestamp"], reverse=wanted.newest_first)


class _Rest:
    """The part of a range that follows the last order seen."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._statuses = wanted.statuses or USUAL_STATUSES
        first, last = wanted.bounds
        seen = wanted.after
        is_before = seen is not None and first is not None and seen.timestamp < first
        is_behind = seen is not None and last is not None and seen.timestamp > last
        self.is_empty = is_before if wanted.newest_first else is_behind
        """Whether the range is exhausted."""
        self.begins_inside = seen is not None and not is_before and not is_behind
        """The start position; DynamoDB rejects a start key outside the requested range."""

    def of_status(self, indexes: OrderIndexes, status: str, rank: int, page_items: int) -> Iterator[dict[str, Any]]:
        seen = self._wanted.after if self.begins_inside else None
        if seen is None:
            return self._read(indexes, status, self._wanted.bounds, page_items, None)
        if status == seen.status:
            return self._read(indexes, status, self._wanted.bounds, page_items, seen)
        found = self._read(indexes, status, self._bounds_from(seen.timestamp), page_items, None)
        if seen.status in self._statuses and rank < self._statuses.index(seen.status):
            # All orders of this status with that timestamp precede the last order seen.
            return filter(lambda order: order["timestamp"] != seen.timestamp, found)
        return found

    def _bounds_from(self, timestamp: str) -> Bounds:
        first, last = self._wanted.bounds
        return (first, timestamp) if self._wanted.newest_first else (timestamp, last)

    def _read(
        self, indexes: OrderIndexes, status: str, bounds: Bounds, page_items: int, after: Position | None
    ) -> Iterator[dict[str, Any]]:
        return indexes.orders_of_status(
            status, bounds, newest_first=self._wanted.newest_first, page_items=page_items, after=after
        )


def _day(moment_ns: int) -> str:
    return date.fromordinal(min(max(moment_ns // DAY_NS, 1), date.max.toordinal())).isoformat()
