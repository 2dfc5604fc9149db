"""Values of CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onebox.runtime.metrics import Dimensions, Statistic

STATES = ("INSUFFICIENT_DATA", "ALARM", "OK")
"""In the order in which AWS's messages list them."""
TYPES = ("CompositeAlarm", "MetricAlarm", "LogAlarm")
ACTION_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions")

Series = dict[int, float]
"""A time series: the start of a period in ms, and its value."""


@dataclass(frozen=True, slots=True)
class MetricId:
    """What names a metric. ``dimensions`` are sorted by name."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class Datum:
    """Samples of one metric at one moment, ready to be stored."""

    metric: MetricId
    unit: str
    at_ms: int
    statistic: Statistic
    high_resolution: bool = False


@dataclass(frozen=True, slots=True)
class Periods:
    """Which samples to read: periods of ``period_s`` counted from ``start_ms`` to before ``end_ms``."""

    period_s: int
    start_ms: int
    end_ms: int
    unit: str | None = None
    """None: samples of every unit."""


@dataclass(frozen=True, slots=True)
class Alarm:
    id: int
    account: str
    region: str
    name: str
    type: str
    configuration: dict[str, Any]
    """The Put request in AWS's spelling, without name, tags and ActionsEnabled."""
    actions_enabled: bool
    configured_at_ms: int
    state: str
    reason: str
    reason_data: str | None
    state_updated_at_ms: int
    state_transitioned_at_ms: int
    endpoint_url: str
    held_until_ms: int = 0
    """Until then it keeps the state that SetAlarmState gave it."""


@dataclass(frozen=True, slots=True)
class HistoryItem:
    id: int
    alarm_name: str
    alarm_type: str
    at_ms: int
    item_type: str
    summary: str
    data: str


def sorted_dimensions(dimensions: list[dict[str, str]]) -> Dimensions:
    """Dimensions of a request as pairs, sorted by name."""
    return tuple(sorted((dimension["Name"], dimension["Value"]) for dimension in dimensions))
