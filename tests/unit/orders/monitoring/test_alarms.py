"""Goal: an alarm says in plain words what is wrong and by how much, who silenced it and who looks after it."""

from __future__ import annotations

import pytest

from orders.aws.measures import AGE, ERRORS, LONGEST, THROTTLES, UNDELIVERED
from orders.dead_letters.queues import QueueCounts
from orders.levers.silence import parse_moment, read_marks, show_moment
from orders.monitoring.alarms import describe_alarm, report_alarm, report_alarms
from orders.monitoring.metrics import Alarm, FunctionState
from tests.unit.orders.console.snapshots import AT_MS, status

RAW = "Threshold Crossed: 1 out of the last 1 datapoints"


def firing(name: str, threshold: float | None = None) -> Alarm:
    return Alarm(name, "ALARM", RAW, threshold, AT_MS - 60_000)


def function(**tags: str) -> FunctionState:
    return FunctionState("python3.13", "Active", "", "Enabled", marks=tags)


@pytest.mark.parametrize(
    ("alarm", "sentence"),
    [
        (firing("OrderDLQ-not-empty", 0), "3 failed orders in OrderDLQ: `orders dlq list`"),
        (firing("OrderQueue-too-old", 300), "oldest order 6 min, limit 5 min; 7 waiting, 2 in flight"),
        (firing("OrderProcessor-errors", 0), "4 calls of OrderProcessor failed in a minute: `orders logs --errors`"),
        (firing("OrderProcessor-throttles", 0), "1 call of OrderProcessor throttled in a minute"),
        (firing("OrderProcessor-slow", 80), "longest call 28.5 s, more than 80 % of the timeout"),
        (firing("OrderTopic-failures", 0), "2 messages not delivered to a subscriber in a minute"),
    ],
)
def test_each_alarm_of_the_template_has_a_sentence_with_its_figures(alarm: Alarm, sentence: str) -> None:
    series = {
        AGE: {0: 360.0},
        ERRORS: {1: 4.0},
        THROTTLES: {0: 1.0},
        LONGEST: {0: 28_500.0},
        UNDELIVERED: {1: 2.0},
    }
    counts = {"queue": QueueCounts(7, 2, 0, "arn:queue"), "dead_letters": QueueCounts(3, 0, 0, "arn:dead")}
    assert describe_alarm(alarm, status(series, **counts)) == sentence


def test_other_alarms_and_states_have_one_too() -> None:
    assert describe_alarm(Alarm("Order-ours", "ALARM", RAW), status()) == RAW
    assert describe_alarm(Alarm("Order-ours", "ALARM", RAW, description="Ours."), status()) == "Ours."
    assert describe_alarm(Alarm("OrderDLQ-not-empty", "OK", RAW), status()) == "as it should be"
    assert describe_alarm(Alarm("OrderDLQ-not-empty", "INSUFFICIENT_DATA", RAW), status()) == "nothing measured yet"


def test_a_silence_is_told_and_is_past_due_from_its_moment_on() -> None:
    tag = {"orders:silenced/OrderDLQ-not-empty": f"{show_moment(AT_MS // 1000 * 1000)} by user/ada"}
    report = report_alarm(firing("OrderDLQ-not-empty"), status(function=function(**tag)))
    assert (report.is_past_due, "past due: `orders alarms unsilence" in report.note) == (True, True)
    later = {"orders:silenced/OrderDLQ-not-empty": f"{show_moment(AT_MS + 60_000)} by user/ada"}
    report = report_alarm(firing("OrderDLQ-not-empty"), status(function=function(**later)))
    assert (report.is_past_due, report.note) == (False, f"silenced until {show_moment(AT_MS + 60_000)} by user/ada")


def test_an_alarm_whose_actions_are_off_without_a_silence_says_so() -> None:
    report = report_alarm(Alarm("OrderDLQ-not-empty", "OK", "", actions_enabled=False), status())
    assert "notifies nobody: `orders alarms unsilence OrderDLQ-not-empty`" in report.note


def test_an_acknowledgement_of_an_earlier_state_counts_no_more() -> None:
    def note(at_ms: int) -> str:
        tag = {"orders:acknowledged/OrderDLQ-not-empty": f"{show_moment(at_ms)} by user/ada"}
        return report_alarm(firing("OrderDLQ-not-empty"), status(function=function(**tag))).note

    assert "acknowledged" in note(AT_MS)
    assert note(AT_MS - 3_600_000) == ""


def test_firing_alarms_come_first() -> None:
    alarms = [Alarm("OrderA", "OK", ""), firing("OrderZ"), firing("OrderB")]
    assert [one.name for one in report_alarms(status(alarms=alarms))] == ["OrderB", "OrderZ", "OrderA"]


@pytest.mark.parametrize("value", ["", "tomorrow by ada", "2026-13-01T00:00:00Z by x", "\x00", "9" * 500])
def test_a_mark_that_is_none_is_left_out(value: str) -> None:
    marks = read_marks({"orders:silenced/A": value, "orders:acknowledged/A": value, "other": value})
    assert marks == ({}, {})
    assert parse_moment(show_moment(AT_MS // 1000 * 1000)) == AT_MS // 1000 * 1000
