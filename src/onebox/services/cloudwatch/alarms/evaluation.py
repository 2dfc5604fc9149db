"""Alarm evaluation: from the datapoints of the evaluation range to a state. Pure.

The tables of AWS's page are this module's tests.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
MISSING, IGNORE, BREACHING, NOT_BREACHING = "missing", "ignore", "breaching", "notBreaching"
TREATMENTS = (BREACHING, NOT_BREACHING, IGNORE, MISSING)

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm watches for: M (``datapoints_to_alarm``) out of N (``evaluation_periods``)."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing: str
    counts_datapoints: bool = True
    """Whether the alarm states its M; the reason names M and N then."""

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Point:
    """A period of the evaluation range: its start, and its value if it has data."""

    at_ms: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The state the datapoints call for; None: keep the one there is."""

    state: str | None
    evaluated: tuple[Point, ...] = ()
    """The datapoints judged, oldest first; none if the treatment of missing data alone decided."""
    filled: int = 0
    """Missing datapoints that were treated as breaching or not."""


def decide_state(rule: Rule, points: Sequence[Point]) -> Decision:
    """Judge the datapoints of the evaluation range, oldest first, EvaluationPeriods of them or more."""
    assert len(points) >= rule.evaluation_periods
    real = tuple(point for point in points if point.value is not None)
    if not real:
        return _decide_without_data(rule)
    if len(real) >= rule.evaluation_periods:
        recent = real[len(real) - rule.evaluation_periods :]
        return Decision(ALARM if _breaching(rule, recent) >= rule.datapoints_to_alarm else OK, recent)
    return _decide_with_gaps(rule, points, real)


def _decide_without_data(rule: Rule) -> Decision:
    if rule.treat_missing == BREACHING:
        return Decision(ALARM, filled=rule.evaluation_periods)
    if rule.treat_missing == NOT_BREACHING:
        return Decision(OK, filled=rule.evaluation_periods)
    return Decision(None if rule.treat_missing == IGNORE else INSUFFICIENT_DATA)


def _decide_with_gaps(rule: Rule, points: Sequence[Point], real: tuple[Point, ...]) -> Decision:
    """Fewer datapoints than EvaluationPeriods in the whole range: the rest is filled in."""
    gaps = rule.evaluation_periods - len(real)
    breaching = _breaching(rule, real)
    if rule.treat_missing == BREACHING:
        return Decision(ALARM if breaching + gaps >= rule.datapoints_to_alarm else OK, real, gaps)
    if breaching >= rule.datapoints_to_alarm:
        return Decision(ALARM, real, gaps if rule.treat_missing == NOT_BREACHING else 0)
    if rule.treat_missing == NOT_BREACHING:
        return Decision(OK, real, gaps)
    if breaching < len(real):
        return Decision(OK, real)
    if rule.treat_missing == IGNORE:
        return Decision(None, real)
    # All there is breaches, though it is too little: the alarm goes off once the oldest datapoint is M periods old.
    age = next(age for age, point in enumerate(reversed(points), 1) if point.at_ms == real[0].at_ms)
    return Decision(ALARM if age >= rule.datapoints_to_alarm else OK, real)


def _breaching(rule: Rule, points: Sequence[Point]) -> int:
    return sum(point.value is not None and rule.breaches(point.value) for point in points)


def is_settled(comparison: str, statistic: str, value: float, threshold: float, minimum: float) -> bool:
    """Whether a period that is still running breaches already, whatever samples it may yet get.

    AWS judges whole periods. A maximum above the threshold, or a sum of samples none of which is negative, cannot
    come down again, so judging it at once gives AWS's state, only sooner.
    """
    if not COMPARISONS[comparison](value, threshold):
        return False
    if comparison.startswith("Greater"):
        return statistic in ("Maximum", "SampleCount") or (statistic == "Sum" and minimum >= 0)
    return statistic == "Minimum"
