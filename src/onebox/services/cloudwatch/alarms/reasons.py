"""The words and JSON in which AWS explains an alarm's state. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from onebox.services.cloudwatch.alarms.evaluation import (
    ALARM,
    BREACHING,
    INSUFFICIENT_DATA,
    Decision,
    Point,
    Rule,
)

INITIAL = "Unchecked: Initial alarm creation"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_COMPARISON = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


def iso_time(at_ms: int) -> str:
    """``2026-01-01T00:00:00.000+0000``, the form of alarm messages."""
    return f"{_moment(at_ms):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}+0000"


def long_time(at_ms: int) -> str:
    """``Thursday 01 January, 2026 00:00:00 UTC``, the form of composite alarms' reasons."""
    return f"{_moment(at_ms):%A %d %B, %Y %H:%M:%S} UTC"


def state_reason(rule: Rule, decision: Decision) -> str:
    """``Threshold Crossed: 1 out of the last 1 datapoints [1.0 (01/01/26 00:00:00)] was greater than …``."""
    if decision.state == INSUFFICIENT_DATA:
        unknown = rule.evaluation_periods
        return f"Insufficient Data: {unknown} {_plural('datapoint was', 'datapoints were', unknown)} unknown."
    if not decision.evaluated:
        return _without_data(rule, decision.filled)
    breaching = decision.state == ALARM
    chosen = [
        point
        for point in reversed(decision.evaluated)
        if point.value is not None and rule.breaches(point.value) is breaching
    ]
    listed = ", ".join(f"{point.value} ({_moment(point.at_ms):%d/%m/%y %H:%M:%S})" for point in chosen)
    compared = f"{'' if breaching else 'not '}{_COMPARISON[rule.comparison]} the threshold ({rule.threshold})"
    if not rule.counts_datapoints:
        return (
            f"Threshold Crossed: {len(chosen)} {_plural('datapoint', 'datapoints', len(chosen))} [{listed}]"
            f" {_plural('was', 'were', len(chosen))} {compared}{_filled(rule, decision.filled)}."
        )
    # The number that decides: so many datapoints would have brought the alarm here from the opposite state.
    m, n = rule.datapoints_to_alarm, rule.evaluation_periods
    minimum, change = (m, "OK -> ALARM") if breaching else (n - m + 1, "ALARM -> OK")
    return (
        f"Threshold Crossed: {len(chosen)} out of the last {max(len(chosen), len(decision.evaluated))} datapoints"
        f" [{listed}] {_plural('was', 'were', len(chosen))} {compared}{_filled(rule, decision.filled)}"
        f" (minimum {minimum} {_plural('datapoint', 'datapoints', minimum)} for {change} transition)."
    )


def state_reason_data(
    rule: Rule,
    decision: Decision,
    points: list[Point],
    *,
    sample_counts: Mapping[int, float],
    configuration: Mapping[str, Any],
    period_s: int,
    now_ms: int,
) -> str:
    """The same for programs, as JSON text."""
    recent = [point for point in points if point.value is not None][-rule.evaluation_periods :]
    data: dict[str, Any] = {"version": "1.0", "queryDate": iso_time(now_ms)}
    if recent:
        data["startDate"] = iso_time(recent[0].at_ms)
    for member, key in (("Unit", "unit"), ("Statistic", "statistic"), ("ExtendedStatistic", "statistic")):
        if member in configuration:
            data[key] = configuration[member]
    data |= {
        "period": period_s,
        "recentDatapoints": [point.value for point in recent],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [_evaluated(point, sample_counts) for point in reversed(decision.evaluated)],
    }
    return json.dumps(data, separators=(",", ":"))


def _evaluated(point: Point, sample_counts: Mapping[int, float]) -> dict[str, Any]:
    item: dict[str, Any] = {"timestamp": iso_time(point.at_ms)}
    if point.at_ms in sample_counts:
        item["sampleCount"] = sample_counts[point.at_ms]
    return item | {"value": point.value}


def _without_data(rule: Rule, filled: int) -> str:
    periods = f"{filled} {_plural('period', 'periods', filled)}"
    return f"Threshold Crossed: no datapoints were received for {periods} and {_treated(rule, filled)}."


def _filled(rule: Rule, filled: int) -> str:
    return f" and {_treated(rule, filled)}" if filled else ""


def _treated(rule: Rule, filled: int) -> str:
    treatment = "Breaching" if rule.treat_missing == BREACHING else "NonBreaching"
    return f"{filled} missing {_plural('datapoint was', 'datapoints were', filled)} treated as [{treatment}]"


def _plural(one: str, many: str, count: float) -> str:
    return one if count == 1 else many


def _moment(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)
