"""Which orders are exported. Independent of AWS: the table and the log are ports."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple, Protocol

from orders.domain.order import parse_moment_ns
from orders.domain.stored_item import ERASED_ATTRIBUTE
from orders.errors import OrderRejected

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
PAGE = 100


class Wanted(NamedTuple):
    """Criteria. Times of orders in nanoseconds since year 1, times of storing in milliseconds since the epoch; each
    from ``since`` inclusive to ``until`` exclusive.
    """

    user: str | None = None
    statuses: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    stored_since_ms: int | None = None
    stored_until_ms: int | None = None

    @property
    def is_by_stored_time(self) -> bool:
        return self.stored_since_ms is not None or self.stored_until_ms is not None

    def takes(self, order: Mapping[str, Any]) -> bool:
        """Whether an order meets the criteria, its time of storing apart. What was erased is no order."""
        if order.keys() <= {"orderId", ERASED_ATTRIBUTE} and ERASED_ATTRIBUTE in order:
            return False
        if self.user is not None and order.get("userId") != self.user:
            return False
        return (not self.statuses or order.get("status") in self.statuses) and self._takes_time(order.get("timestamp"))

    def _takes_time(self, timestamp: Any) -> bool:
        if self.since_ns is None and self.until_ns is None:
            return True
        try:
            moment_ns = parse_moment_ns(timestamp) if isinstance(timestamp, str) else None
        except OrderRejected:
            moment_ns = None
        if moment_ns is None:
            return False
        return (self.since_ns is None or moment_ns >= self.since_ns) and (
            self.until_ns is None or moment_ns < self.until_ns
        )


class Source(Protocol):
    """The table and OrderProcessor's log."""

    def scan(self, user: str | None, statuses: Sequence[str]) -> Iterator[dict[str, Any]]:
        """All orders, of a customer and of these statuses if given."""

    def stored_ids(self, since_ms: int, until_ms: int | None) -> Iterator[str]:
        """The orders that were stored in a time window, in order of time; one that was replaced comes again."""

    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The stored orders among these."""


def read_orders(
    source: Source, wanted: Wanted, whole: Callable[[dict[str, Any]], dict[str, Any]] = lambda order: order
) -> Iterator[dict[str, Any]]:
    """The orders, each once, as they are stored now. ``whole`` makes an order of the stored fields, one at a time."""
    found = _by_stored_time(source, wanted) if wanted.is_by_stored_time else source.scan(wanted.user, wanted.statuses)
    for order in found:
        if wanted.takes(order):
            yield {name: value for name, value in whole(order).items() if name != ERASED_ATTRIBUTE}


def _by_stored_time(source: Source, wanted: Wanted) -> Iterator[dict[str, Any]]:
    ids = each_once(source.stored_ids(wanted.stored_since_ms or 0, wanted.stored_until_ms))
    while page := list(islice(ids, PAGE)):
        orders = source.find_all(page)
        yield from (orders[one] for one in page if one in orders)


def each_once(texts: Iterable[str]) -> Iterator[str]:
    """Texts without repeats. What was seen is kept in a temporary file, so that memory does not grow with it."""
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (text PRIMARY KEY) WITHOUT ROWID")
        for text in texts:
            if seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (text,)).rowcount:
                yield text
