"""An alarm in plain words: what is wrong, by how much, and what else is known of it. Pure.

CloudWatch's own reason («Threshold Crossed: 1 out of the last 1 datapoints …») stands behind, for who wants it.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.aws.measures import AGE, ERRORS, LONGEST, THROTTLES, UNDELIVERED, Measure
from orders.aws.names import CANARY_ALARM
from orders.levers.silence import is_acknowledged, read_marks, show_moment
from orders.monitoring.metrics import Alarm
from orders.monitoring.status import MINUTE_MS, Status

FIRING = "ALARM"


class AlarmReport(NamedTuple):
    name: str
    state: str
    sentence: str
    """What is wrong or right, for people."""
    note: str
    """Silence and acknowledgement; empty for neither."""
    is_past_due: bool
    """Whether a silence should have ended."""
    reason: str
    """CloudWatch's own words."""
    since_ms: int | None = None
    """When it changed to this state."""


def report_alarms(now: Status) -> list[AlarmReport]:
    """All alarms, the firing ones first."""
    reports = [report_alarm(alarm, now) for alarm in now.alarms]
    return sorted(reports, key=lambda one: (one.state != FIRING, one.name))


def report_alarm(alarm: Alarm, now: Status) -> AlarmReport:
    """One alarm with its marks."""
    marks = read_marks({} if now.function is None else now.function.marks)
    silence = marks.silences.get(alarm.name)
    notes, past_due = [], False
    if silence is not None:
        past_due = silence.is_past_due(now.at_ms)
        until = show_moment(silence.until_ms)
        due = f", past due: `orders alarms unsilence {alarm.name}`" if past_due else ""
        notes.append(f"silenced until {until} by {silence.who}{due}")
    elif not alarm.actions_enabled:
        notes.append(f"notifies nobody: `orders alarms unsilence {alarm.name}`")
    if alarm.state == FIRING and is_acknowledged(marks, alarm.name, alarm.since_ms):
        acknowledged = marks.acknowledgements[alarm.name]
        notes.append(f"acknowledged {show_moment(acknowledged.at_ms)} by {acknowledged.who}")
    sentence = describe_alarm(alarm, now)
    return AlarmReport(alarm.name, alarm.state, sentence, "; ".join(notes), past_due, alarm.reason, alarm.since_ms)


def describe_alarm(alarm: Alarm, now: Status) -> str:
    """One sentence: «oldest order 6 min, limit 5 min; 281 are being retried»."""
    if alarm.state == "INSUFFICIENT_DATA":
        return "nothing measured yet"
    if alarm.state != FIRING:
        return "as it should be"
    describe = _SENTENCES.get(now.names.part_of(alarm.name))
    return (describe(alarm, now) if describe else "") or alarm.description or alarm.reason or "fires"


def _failed_orders(_alarm: Alarm, now: Status) -> str:
    if not now.failed:
        return "orders failed; OrderDLQ is empty again"
    return f"{_count(now.failed, 'failed order')} in OrderDLQ: `orders dlq list`"


def _too_old(alarm: Alarm, now: Status) -> str:
    limit = "" if alarm.threshold is None else f", limit {_seconds(alarm.threshold)}"
    counts = now.counts
    waiting = f"; {counts.waiting:,} waiting, {counts.in_flight:,} in flight"
    waiting += f", {counts.failing:,} are being retried" if counts.failing else ""
    paused = "; processing is paused" if now.function is not None and now.function.paused else ""
    return f"oldest order {_seconds(now.latest(AGE))}{limit}{waiting}{paused}"


def _calls_failed(_alarm: Alarm, now: Status) -> str:
    return f"{_count(round(_newest(now, ERRORS)), 'call')} of OrderProcessor failed in a minute: `orders logs --errors`"


def _throttled(_alarm: Alarm, now: Status) -> str:
    return f"{_count(round(_newest(now, THROTTLES)), 'call')} of OrderProcessor throttled in a minute"


def _slow(alarm: Alarm, now: Status) -> str:
    share = "" if alarm.threshold is None else f", more than {alarm.threshold:g} % of the timeout"
    return f"longest call {_newest(now, LONGEST) / 1000:,.1f} s{share}"


def _undelivered(_alarm: Alarm, now: Status) -> str:
    return f"{_count(round(_newest(now, UNDELIVERED)), 'message')} not delivered to a subscriber in a minute"


def _canary(_alarm: Alarm, now: Status) -> str:
    note = "" if now.function is None else now.function.version_note
    return f"the new version failed: {note or 'its share is taken back'}"


def _unavailable(_alarm: Alarm, now: Status) -> str:
    waiting = [order for order in now.failing.orders if order.is_passing]
    if not waiting:
        return f"the table {now.names.table} did not take orders; none is set aside now"
    newest = max(waiting, key=lambda order: order.failed_at_ms)
    return (
        f"{_count(len(waiting), 'order')} set aside, as the table {now.names.table} takes none: {newest.reason[:200]}"
    )


_SENTENCES = {
    "Orders-unavailable": _unavailable,
    "OrderDLQ-not-empty": _failed_orders,
    "OrderQueue-too-old": _too_old,
    "OrderProcessor-errors": _calls_failed,
    "OrderProcessor-throttles": _throttled,
    "OrderProcessor-slow": _slow,
    "OrderTopic-failures": _undelivered,
    CANARY_ALARM: _canary,
}


def _newest(now: Status, measure: Measure) -> float:
    """The newest value, also of the minute under way: an alarm is about what just happened."""
    values = {at_ms: value for at_ms, value in now.series.get(measure, {}).items() if at_ms <= now.at_ms}
    recent = {at_ms: value for at_ms, value in values.items() if value and at_ms >= now.at_ms - 5 * MINUTE_MS}
    return recent[max(recent)] if recent else 0.0


def _seconds(duration_s: float) -> str:
    return f"{duration_s / 60:,.0f} min" if duration_s >= 120 else f"{duration_s:,.0f} s"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
