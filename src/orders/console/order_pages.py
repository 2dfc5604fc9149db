"""One page of a search for orders, forwards and backwards, and the number of its hits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from orders.clock import Clock
from orders.table.query import USUAL_STATUSES, OrderIndexes, Position, Wanted, find_orders

PAGE = 50
COUNT_MAX = 10_000
COUNT_BUDGET_MS = 3_000.0


class Page(NamedTuple):
    """The orders of a page, in the order of the search, and whether there are more on either side."""

    orders: list[dict[str, Any]]
    has_previous: bool
    has_next: bool


def read_page(indexes: OrderIndexes, search: Wanted, before: Position | None = None) -> Page:
    """The page after the search's position, or the page that ends before ``before``."""
    if before is None:
        found = _take(indexes, search)
        return Page(found[:PAGE], search.after is not None, len(found) > PAGE)
    found = _take(indexes, _reversed(search, before))
    return Page(found[:PAGE][::-1], len(found) > PAGE, has_next=True)


def _take(indexes: OrderIndexes, search: Wanted) -> list[dict[str, Any]]:
    # One extra order shows whether there is another page.
    return list(islice(find_orders(indexes, search, PAGE + 1), PAGE + 1))


def _reversed(search: Wanted, before: Position) -> Wanted:
    """The same orders the other way round: equal timestamps are sorted by status, so the statuses are reversed too."""
    statuses = search.statuses or (() if search.user else USUAL_STATUSES)
    return search._replace(newest_first=not search.newest_first, statuses=statuses[::-1], after=before)


class Count(NamedTuple):
    orders: int
    is_complete: bool


def count_orders(indexes: OrderIndexes, search: Wanted, clock: Clock) -> Count:
    """The number of orders, up to COUNT_MAX and for COUNT_BUDGET_MS."""
    ends_at_ms = clock.monotonic_ms() + COUNT_BUDGET_MS
    found: Iterator[dict[str, Any]] = find_orders(indexes, search, 1_000)
    counted = 0
    for _ in found:
        counted += 1
        if counted > COUNT_MAX:
            return Count(COUNT_MAX, is_complete=False)
        if counted % 500 == 0 and clock.monotonic_ms() >= ends_at_ms:
            return Count(counted, is_complete=False)
    return Count(counted, is_complete=True)
