"""Gauges: how the state of other services' resources becomes samples.

A gauge that shows the same value again within a minute is not recorded again: its samples are counted and recorded in
one go when the value changes, the minute ends or somebody reads. So resources at rest cost next to nothing, and every
statistic is what it would be without that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from onebox.runtime.metrics import Dimensions, MetricBuffer

MINUTE_MS = 60_000


class GaugeReading(NamedTuple):
    """What one resource shows."""

    account: str
    region: str
    namespace: str
    dimensions: Dimensions
    values: Mapping[str, tuple[float, str]]
    """By metric name its value and unit."""


Gauge = Callable[[int], Iterable[GaugeReading]]
"""Given the moment in ms, what a service's resources look like now; read one at a time."""
QueueReadings = Callable[[int], Iterable[tuple[str, str, str, Mapping[str, float]]]]
"""At a moment in ms, for every queue its account, region, name and values by metric name."""


def queue_gauge(read: QueueReadings) -> Gauge:
    """The AWS/SQS gauges, by QueueName."""

    def gauge(now_ms: int) -> Iterator[GaugeReading]:
        for account, region, name, values in read(now_ms):
            readings = {
                metric: (float(value), "Seconds" if metric == "ApproximateAgeOfOldestMessage" else "Count")
                for metric, value in values.items()
            }
            yield GaugeReading(account, region, "AWS/SQS", (("QueueName", name),), readings)

    return gauge


class _Key(NamedTuple):
    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(slots=True)
class _Seen:
    """The value of a gauge when it was last read, and how often it was read since without being recorded."""

    value: float
    unit: str
    at_ms: int
    unrecorded: int = 0


class GaugeSampler:
    """Turns readings into samples."""

    def __init__(self, metrics: MetricBuffer) -> None:
        self._metrics = metrics
        self._seen: dict[_Key, _Seen] = {}

    def take(self, reading: GaugeReading, now_ms: int) -> None:
        """Sample every value of a reading."""
        for name, (value, unit) in reading.values.items():
            key = _Key(reading.account, reading.region, reading.namespace, name, reading.dimensions)
            seen = self._seen.get(key)
            if seen is not None and seen.value == value and seen.at_ms // MINUTE_MS == now_ms // MINUTE_MS:
                seen.unrecorded += 1
                continue
            if seen is not None:
                self._record(key, seen)
            self._seen[key] = seen = _Seen(value, unit, now_ms, unrecorded=1)
            self._record(key, seen)

    def flush(self) -> None:
        """Record all that was read, so that whoever reads the metrics next sees it."""
        for key, seen in self._seen.items():
            self._record(key, seen)

    def forget_unread(self, now_ms: int) -> None:
        """Record and drop what was not read in this minute or the one before: resources that are gone."""
        before_ms = (now_ms // MINUTE_MS - 1) * MINUTE_MS
        for key, seen in [(key, seen) for key, seen in self._seen.items() if seen.at_ms < before_ms]:
            self._record(key, seen)
            del self._seen[key]

    def _record(self, key: _Key, seen: _Seen) -> None:
        if not seen.unrecorded:
            return
        self._metrics.add(
            account=key.account,
            region=key.region,
            namespace=key.namespace,
            name=key.name,
            dimensions=key.dimensions,
            value=seen.value,
            unit=seen.unit,
            now_ms=seen.at_ms,
            samples=seen.unrecorded,
        )
        seen.unrecorded = 0
