"""Goal: whatever is asked by user, status and time is found, all of it, by time, reading no more than is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.order import parse_moment_ns
from orders.domain.times import moment_of_ms, parse_time
from orders.errors import OperatorError
from orders.table.query import USUAL_STATUSES, Bounds, Position, Wanted, find_orders, position_of

NOON = "2026-05-03T12:00:00Z"


class FakeIndexes:
    """OrderIndexes in a list. ``read`` counts the orders that were handed out."""

    def __init__(self, *orders: dict[str, Any]) -> None:
        self.orders = orders
        self.read = 0

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
        mine = [one for one in self.orders if one.get("userId") == user and (not statuses or one["status"] in statuses)]
        return self._range(mine, bounds, newest_first, after)

    def orders_of_status(
        self, status: str, bounds: Bounds, *, newest_first: bool, page_items: int, after: Position | None = None
    ) -> Iterator[dict[str, Any]]:
        assert after is None or after.status == status
        return self._range([one for one in self.orders if one["status"] == status], bounds, newest_first, after)

    def _range(
        self, orders: list[dict[str, Any]], bounds: Bounds, newest_first: bool, after: Position | None
    ) -> Iterator[dict[str, Any]]:
        first, last = bounds
        if after is not None:
            # DynamoDB refuses to begin outside of what is asked for.
            assert first is None or first <= after.timestamp
            assert last is None or after.timestamp <= last
        for order in sorted(orders, key=_place, reverse=newest_first):
            if after is not None and not _is_behind(order, after, newest_first=newest_first):
                continue
            if (first is None or order["timestamp"] >= first) and (last is None or order["timestamp"] <= last):
                self.read += 1
                yield order


def _place(order: dict[str, Any]) -> tuple[str, str]:
    return order["timestamp"], order["orderId"]


def _is_behind(order: dict[str, Any], seen: Position, *, newest_first: bool) -> bool:
    place = (seen.timestamp, seen.order_id)
    return _place(order) < place if newest_first else _place(order) > place


def order(order_id: str, status: str, timestamp: str, user: str = "U") -> dict[str, Any]:
    return {"orderId": order_id, "status": status, "timestamp": timestamp, "userId": user}


def ids(found: Iterator[dict[str, Any]]) -> list[str]:
    return [one["orderId"] for one in found]


INDEXES = (
    order("A", "new", "2026-05-03T10:00:00Z"),
    order("B", "paid", "2026-05-03T11:00:00Z", "V"),
    order("C", "new", "2026-05-03T12:00:00Z", "V"),
    order("D", "odd", "2026-05-03T13:00:00Z"),
)


def test_find_without_filter_merges_the_usual_statuses_by_time() -> None:
    assert ids(find_orders(FakeIndexes(*INDEXES), Wanted())) == ["C", "B", "A"]
    assert ids(find_orders(FakeIndexes(*INDEXES), Wanted(newest_first=False))) == ["A", "B", "C"]


def test_find_by_status_and_user_gives_those_alone() -> None:
    assert ids(find_orders(FakeIndexes(*INDEXES), Wanted(statuses=("odd", "new")))) == ["D", "C", "A"]
    assert ids(find_orders(FakeIndexes(*INDEXES), Wanted("V"))) == ["C", "B"]
    assert ids(find_orders(FakeIndexes(*INDEXES), Wanted("V", ("paid",)))) == ["B"]


def test_find_with_since_and_until_takes_the_first_moment_and_leaves_the_last() -> None:
    wanted = Wanted(since_ns=parse_moment_ns("2026-05-03T11:00:00Z"), until_ns=parse_moment_ns("2026-05-03T12:00:00Z"))
    assert ids(find_orders(FakeIndexes(*INDEXES), wanted)) == ["B"]


def test_find_of_a_few_reads_no_more_than_the_merge_needs() -> None:
    many = [order(str(number), "new", f"2026-05-03T12:{number:02}:00Z") for number in range(60)]
    indexes = FakeIndexes(*many)
    assert len(list(islice(find_orders(indexes, Wanted()), 3))) == 3
    assert indexes.read <= 4


few_orders = st.lists(
    st.tuples(
        st.sampled_from(["paid", "new", "odd", "returned"]),
        st.sampled_from(["2026-05-03T12:00:00Z", "2026-05-03T12:01:00Z", "2026-05-03", "2026-05-09T14:00:00+02:00"]),
        st.sampled_from(["U", "V"]),
    ),
    max_size=40,
).map(lambda rows: [order(str(number), *row) for number, row in enumerate(rows)])
asked = st.builds(
    Wanted,
    user=st.none() | st.just("U"),
    statuses=st.sampled_from([(), ("new",), ("odd", "paid", "new")]),
    since_ns=st.none() | st.just(parse_moment_ns("2026-05-03T12:00:00Z")),
    until_ns=st.none() | st.just(parse_moment_ns("2026-05-03T12:01:00Z")),
    newest_first=st.booleans(),
    limit=st.none(),
    after=st.none(),
)


@given(few_orders, asked, st.integers(1, 7))
def test_find_page_by_page_sees_each_order_once_though_many_share_a_moment(
    orders: list[dict[str, Any]], wanted: Wanted, size: int
) -> None:
    indexes = FakeIndexes(*orders)
    whole = ids(find_orders(indexes, wanted))
    seen: list[str] = []
    while page := list(islice(find_orders(indexes, wanted), size)):
        seen += [one["orderId"] for one in page]
        wanted = wanted._replace(after=position_of(page[-1]))
    assert seen == whole


@given(few_orders, asked, st.sampled_from(["0000", "2026-05-03T12:00:00Z", "~"]), st.sampled_from(USUAL_STATUSES))
def test_find_behind_a_place_where_no_order_stands_gives_what_comes_behind_it(
    orders: list[dict[str, Any]], wanted: Wanted, timestamp: str, status: str
) -> None:
    found = list(find_orders(FakeIndexes(*orders), wanted._replace(after=Position(timestamp, status, "zz"))))
    expected = [
        one
        for one in find_orders(FakeIndexes(*orders), wanted)
        if (one["timestamp"] < timestamp if wanted.newest_first else one["timestamp"] > timestamp)
    ]
    assert [one for one in found if one["timestamp"] != timestamp] == expected


moments = st.datetimes(datetime(2026, 5, 1), datetime(2026, 5, 8))
offsets = st.integers(-12 * 60, 14 * 60)


@given(moments, offsets, moments, moments)
def test_find_by_time_compares_moments_however_they_are_written(
    moment: datetime, offset: int, since: datetime, until: datetime
) -> None:
    zone = timezone(timedelta(minutes=offset))
    written = moment.replace(tzinfo=timezone.utc).astimezone(zone).isoformat()
    wanted = Wanted(since_ns=parse_moment_ns(since.isoformat()), until_ns=parse_moment_ns(until.isoformat()))
    found = ids(find_orders(FakeIndexes(order("A", "new", written)), wanted))
    assert found == (["A"] if since <= moment < until else [])


@pytest.mark.parametrize("text", ["2026-05-03", "2026-05-03 00:00", "2026-05-03t23:59:59z", "2026-05-03T12:00:00.5Z"])
def test_find_of_a_day_holds_every_spelling_of_its_moments(text: str) -> None:
    wanted = Wanted(since_ns=parse_moment_ns("2026-05-03"), until_ns=parse_moment_ns("2026-05-04"))
    assert ids(find_orders(FakeIndexes(order("A", "new", text)), wanted)) == ["A"]


def test_find_at_the_ends_of_the_calendar_does_not_fail() -> None:
    wanted = Wanted(since_ns=parse_moment_ns("0001-01-01"), until_ns=parse_moment_ns("9999-12-31T23:59:59Z"))
    assert ids(find_orders(FakeIndexes(*INDEXES), wanted)) == ["C", "B", "A"]


def test_parse_time_takes_moments_and_durations_and_says_how_to_write_them() -> None:
    now_ms = 1_777_809_600_000  # noon
    assert moment_of_ms(now_ms) == parse_moment_ns(NOON)
    assert parse_time("2h", now_ms) == parse_moment_ns("2026-05-03T10:00:00Z")
    assert parse_time(NOON, now_ms) == parse_moment_ns(NOON)
    assert parse_time(None, now_ms) is None
    with pytest.raises(OperatorError, match="not a time") as caught:
        parse_time("yesterday", now_ms)
    assert "2026-05-03" in caught.value.advice
