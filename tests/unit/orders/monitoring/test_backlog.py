"""Goal: the backlog's end is expected from the rates of the last minute, and never while it does not shrink."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from orders.aws.measures import PROCESSED, QUEUED, WAITING
from orders.dead_letters.queues import QueueCounts
from orders.monitoring.backlog import describe_backlog, find_backlog
from orders.monitoring.metrics import FunctionState
from tests.unit.orders.console.snapshots import AT_MS, status

MINUTE_MS = 60_000


def waiting(count: int) -> QueueCounts:
    return QueueCounts(count, 0, 0, "arn:queue")


def test_the_end_is_expected_from_what_is_processed_and_what_arrives() -> None:
    series = {PROCESSED: {1: 600.0, 2: 600.0}, QUEUED: {1: 100.0, 2: 100.0}, WAITING: {1: 5_000.0}}
    backlog = find_backlog(status(series, queue=waiting(5_000)))
    assert backlog is not None
    assert (backlog.waiting, round(backlog.drain_a_minute)) == (5_000, round(backlog.processed_a_minute * 5 / 6))
    assert backlog.ends_at_ms is not None
    assert backlog.ends_at_ms > AT_MS
    assert "empty in about" in describe_backlog(backlog, AT_MS)


def test_without_orders_that_wait_there_is_no_backlog() -> None:
    assert find_backlog(status()) is None
    assert find_backlog(status(queue=None)) is None


def test_a_backlog_that_grows_or_is_paused_has_no_end() -> None:
    grows = find_backlog(status({PROCESSED: {1: 10.0}, QUEUED: {1: 100.0}}, queue=waiting(50)))
    paused_function = FunctionState("python3.13", "Active", "", "Disabled", paused="2026 by ada")
    series = {PROCESSED: {1: 100.0}, QUEUED: {1: 10.0}}
    paused = find_backlog(status(series, queue=waiting(50), function=paused_function))
    for one in (grows, paused):
        assert one is not None
        assert one.ends_at_ms is None
        assert "does not shrink" in describe_backlog(one, AT_MS)
    assert paused is not None
    assert paused.processed_a_minute == 0


@example(count=1, processed=2.225073858507e-311, arriving=0.0)
@given(st.integers(1, 10**9), st.floats(0, 1e7), st.floats(0, 1e7))
def test_an_expected_end_is_never_in_the_past(count: int, processed: float, arriving: float) -> None:
    series = {PROCESSED: {1: processed}, QUEUED: {1: arriving}}
    backlog = find_backlog(status(series, queue=waiting(count)))
    assert backlog is not None
    assert backlog.ends_at_ms is None or backlog.ends_at_ms >= AT_MS
    assert describe_backlog(backlog, AT_MS)
