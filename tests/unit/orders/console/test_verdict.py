"""Goal: the one sentence on top of the console tells the worst first, and rates move between whole minutes."""

from __future__ import annotations

from typing import Any

import pytest

from orders.aws.measures import AGE, DUPLICATE, ERRORS, PUBLISHED, STORED, WAITING
from orders.console.verdict import judge
from orders.dead_letters.queues import QueueCounts
from orders.function_log.failing import FailingNow, FailingOrder
from orders.monitoring.metrics import Alarm, FunctionState
from orders.monitoring.status import Status
from tests.unit.orders.console.snapshots import status

FAILED = {"dead_letters": QueueCounts(2, 1, 0, "")}
LATE = {"queue": QueueCounts(7, 0, 0, ""), "series_": {AGE: {0: 90.0}}}


def make(**changes: Any) -> Status:
    series = changes.pop("series_", None)
    return status(series, **changes)


@pytest.mark.parametrize(
    ("now", "tone", "title"),
    [
        (make(), "idle", "Quiet"),
        (make(series_={PUBLISHED: {0: 3.0}}), "good", "Orders flow"),
        (make(queue=QueueCounts(0, 4, 0, "")), "good", "Orders flow"),
        (
            make(alarms=[Alarm("OrderProcessor-slow", "ALARM", "Threshold crossed")]),
            "warn",
            "Alarm: OrderProcessor-slow",
        ),
        (make(series_={ERRORS: {1: 1.0}}), "warn", "OrderProcessor has errors"),
        (make(**FAILED), "bad", "3 orders failed"),
        (make(dead_letters=QueueCounts(1, 0, 0, "")), "bad", "1 order failed"),
        (make(**{**FAILED, **LATE}), "bad", "Orders wait"),
        (make(function=FunctionState("python3.13", "Active", "", "Disabled")), "bad", "Orders are not being processed"),
        (make(table=None, **FAILED), "bad", "Not deployed"),
    ],
)
def test_the_worst_is_told(now: Status, tone: str, title: str) -> None:
    verdict = judge(now)
    assert (verdict.tone, verdict.title) == (tone, title)


def failing(set_aside: int) -> FailingNow:
    order = FailingOrder(
        message_id="m",
        order_id="A",
        exception="Code",
        reason="the reason",
        field=None,
        receive=1,
        receives_max=3,
        set_aside=set_aside,
        failed_at_ms=0,
        next_at_ms=1,
    )
    return FailingNow((order,))


def test_orders_that_are_failing_are_told_before_they_are_in_the_dead_letter_queue() -> None:
    told = judge(make(failing=failing(0)))
    assert (told.tone, told.title, told.detail) == ("warn", "1 order is failing", "the reason: try 1 of 3.")
    told = judge(make(failing=failing(2), **FAILED))
    assert (told.tone, told.title, "the reason" in told.detail) == ("bad", "1 order is set aside", True)


def test_missing_parts_are_named() -> None:
    assert "OrderQueue, Orders" in judge(status(queue=None, table=None)).detail


def test_how_long_the_oldest_waits_is_told_in_a_readable_unit() -> None:
    told = [judge(make(queue=QueueCounts(5, 0, 0, ""), series_={AGE: {0: s}})).detail for s in (90.0, 600.0, 9000.0)]
    assert [text.rpartition("for ")[2] for text in told] == ["90 s.", "10 min.", "2.5 h."]


def test_rate_is_the_count_of_the_last_sixty_seconds() -> None:
    # 20 s into the minute: two thirds of the previous minute lie within the last 60 s.
    assert status({STORED: {0: 20.0, 1: 60.0}}).rate(STORED) == pytest.approx(60.0)
    assert status({STORED: {0: 80.0}}).rate(STORED) == 80.0


def test_rate_falls_to_zero_within_two_minutes_after_the_last_order() -> None:
    gauge = {WAITING: {0: 0.0, 1: 0.0, 2: 0.0}}
    assert status({PUBLISHED: {1: 60.0}, **gauge}).rate(PUBLISHED) == pytest.approx(40.0)
    assert status({PUBLISHED: {2: 21_080.0}, **gauge}).rate(PUBLISHED) == 0.0


def test_duplicates_are_named_so_that_no_orders_stored_reads_as_an_outage() -> None:
    detail = judge(make(series_={PUBLISHED: {0: 1240.0}, STORED: {}, DUPLICATE: {0: 1240.0}})).detail
    assert "1,240 published, 0 stored, 1,240 duplicate" in detail


def test_gauges_have_gaps_and_counters_are_zero_where_the_minute_was_measured() -> None:
    now = status({WAITING: {0: 3.0, 3: 1.0}, STORED: {3: 5.0}})
    assert now.history(WAITING, 5) == [None, 1.0, None, None, 3.0]
    assert now.history(STORED, 5) == [None, 5.0, None, None, 0.0]


def test_rate_takes_the_newest_minute_that_cloudwatch_knows_and_forgets_old_ones() -> None:
    assert status({STORED: {2: 45.0, 3: 9.0}}).rate(STORED) == 45.0
    assert status({STORED: {4: 45.0}}).rate(STORED) == 0.0
    assert status({AGE: {3: 12.0}}).latest(AGE) == 12.0
    assert status({AGE: {4: 12.0}}).latest(AGE) == 0.0
