"""Finding orders by user, status and time, through the table's indexes.

Promises: no scan, whatever is asked, and no page is read before it is needed. Without user and status the ranges of
the usual statuses are merged by time, since DynamoDB cannot say which statuses there are. Times compare as moments,
however they are written: the index orders texts, so whole days around the asked time are read and held against it.
Knows nothing of DynamoDB: the indexes are a port.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, Protocol

from orders.errors import OrderRejected
from orders.model import parse_moment_ns

# What a list without --status looks through. An order of another status is found by naming it.
USUAL_STATUSES = ("new", "paid", "shipped", "delivered", "cancelled", "returned", "refunded")

DAY_NS = 86_400_000_000_000
EPOCH_NS = date(1970, 1, 1).toordinal() * DAY_NS
# Clocks on earth differ from UTC by at most so much, so a timestamp's text by at most a day and this.
# https://en.wikipedia.org/wiki/List_of_UTC_offsets
OFFSET_MAX_NS = 14 * 3_600_000_000_000
# Sorts behind every hour of a day.
DAY_END = "~"
PAGE_ITEMS = 1000

Bounds = tuple[str | None, str | None]


class OrderIndexes(Protocol):
    """The table's indexes: each order without its items, by the text of its timestamp."""

    def orders_of_user(
        self, user: str, statuses: Sequence[str], bounds: Bounds, *, newest_first: bool, page_items: int
    ) -> Iterator[dict[str, Any]]: ...

    def orders_of_status(
        self, status: str, bounds: Bounds, *, newest_first: bool, page_items: int
    ) -> Iterator[dict[str, Any]]: ...


class Wanted(NamedTuple):
    """Which orders. Moments in nanoseconds since year 1: from ``since_ns`` on, before ``until_ns``."""

    user: str | None = None
    statuses: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    newest_first: bool = True
    limit: int | None = None

    def holds(self, order: dict[str, Any]) -> bool:
        """Whether an order from an index is of the asked time."""
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
        """Texts between which every timestamp of the asked time stands."""
        first = None if self.since_ns is None else _day(self.since_ns - OFFSET_MAX_NS)
        last = None if self.until_ns is None else _day(self.until_ns + OFFSET_MAX_NS) + DAY_END
        return first, last


def find_orders(indexes: OrderIndexes, wanted: Wanted, page_items: int = PAGE_ITEMS) -> Iterator[dict[str, Any]]:
    """The wanted orders by time. An order without a timestamp is in no index."""
    if wanted.limit is not None and wanted.bounds == (None, None):
        page_items = min(page_items, wanted.limit)
    if wanted.user is not None:
        found = indexes.orders_of_user(
            wanted.user, wanted.statuses, wanted.bounds, newest_first=wanted.newest_first, page_items=page_items
        )
    else:
        ranges = [
            indexes.orders_of_status(status, wanted.bounds, newest_first=wanted.newest_first, page_items=page_items)
            for status in wanted.statuses or USUAL_STATUSES
        ]
        found = heapq.merge(*ranges, key=lambda order: order["timestamp"], reverse=wanted.newest_first)
    return islice(filter(wanted.holds, found), wanted.limit)


def moment_of_ms(at_ms: int) -> int:
    """A moment since the epoch as orders.model counts."""
    return EPOCH_NS + at_ms * 1_000_000


def _day(moment_ns: int) -> str:
    return date.fromordinal(min(max(moment_ns // DAY_NS, 1), date.max.toordinal())).isoformat()
