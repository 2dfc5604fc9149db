"""What happened to metrics and alarms since the evaluator last looked, in memory.

An evaluation is due when an alarm's metric got samples, when the alarm was put, or when a member of a composite alarm
changed its state. Losing a signal in a crash loses nothing: after a start every alarm is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onebox.services.cloudwatch.model import Alarm, MetricId


class AlarmKey(NamedTuple):
    """What names an alarm."""

    account: str
    region: str
    name: str


def key_of(alarm: Alarm) -> AlarmKey:
    """The key of an alarm."""
    return AlarmKey(alarm.account, alarm.region, alarm.name)


class AlarmSignals:
    """Collects signals. ``wake`` is called when one should be looked at before the next turn."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = _nobody
        self._metrics: set[MetricId] = set()
        self._put: set[AlarmKey] = set()
        self._moved: set[AlarmKey] = set()

    def metric_changed(self, metric: MetricId) -> None:
        """The metric got samples."""
        self._metrics.add(metric)

    def alarm_put(self, key: AlarmKey) -> None:
        """The alarm was created, changed or deleted."""
        self._put.add(key)

    def alarm_moved(self, key: AlarmKey) -> None:
        """The alarm is in another state, durably."""
        self._moved.add(key)
        self.wake()

    def take_metrics(self) -> set[MetricId]:
        """The metrics that got samples since the last call."""
        taken, self._metrics = self._metrics, set()
        return taken

    def take_put(self) -> set[AlarmKey]:
        """The alarms that were put or deleted since the last call."""
        taken, self._put = self._put, set()
        return taken

    def take_moved(self) -> set[AlarmKey]:
        """The alarms whose state changed since the last call."""
        taken, self._moved = self._moved, set()
        return taken


def _nobody() -> None:
    """Before the schedule has started."""
