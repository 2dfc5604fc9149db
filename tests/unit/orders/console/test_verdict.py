"""Goal: the one sentence on top of the console tells the worst first, and rates move between whole minutes."""

from __future__ import annotations

from typing import Any

import pytest

from orders.console.verdict import judge, latest, rate
from orders.dead_letters.queues import QueueCounts
from orders.monitoring.metrics import AGE, ERRORS, PUBLISHED, STORED, Alarm, FunctionState
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


def test_missing_parts_are_named() -> None:
    assert "OrderQueue, Orders" in judge(status(queue=None, table=None)).detail


def test_how_long_the_oldest_waits_is_told_in_a_readable_unit() -> None:
    told = [judge(make(queue=QueueCounts(5, 0, 0, ""), series_={AGE: {0: s}})).detail for s in (90.0, 600.0, 9000.0)]
    assert [text.rpartition("for ")[2] for text in told] == ["90 s.", "10 min.", "2.5 h."]


def test_rate_counts_the_minute_under_way_with_the_one_before() -> None:
    # 20 s into the minute: 80 seconds in all.
    assert rate(status({STORED: {0: 30.0, 1: 50.0}}), STORED) == 60.0
    assert rate(status({STORED: {0: 80.0}}), STORED) == 60.0


def test_rate_takes_the_newest_minute_that_cloudwatch_knows_and_forgets_old_ones() -> None:
    assert rate(status({STORED: {2: 45.0, 3: 9.0}}), STORED) == 45.0
    assert rate(status({STORED: {4: 45.0}}), STORED) == 0.0
    assert latest(status({AGE: {3: 12.0}}), AGE) == 12.0
    assert latest(status({AGE: {4: 12.0}}), AGE) == 0.0
