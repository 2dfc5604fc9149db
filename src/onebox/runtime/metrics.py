"""The services' own metrics, summed in memory until CloudWatch takes them.

A metric costs one dictionary entry a minute, whatever the traffic. The CloudWatch service drains the buffer every
few seconds and before every read; a kill loses what was not drained, which AWS's best-effort metrics may as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onebox.runtime.histogram import VALUES_MAX, Histogram, bounded

Dimensions = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name."""


@dataclass(frozen=True, slots=True)
class MetricKey:
    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str
    minute_at_ms: int


@dataclass(slots=True)
class Statistic:
    """What CloudWatch keeps of the samples of one minute."""

    samples: float
    total: float
    minimum: float
    maximum: float
    values: Histogram | None = None
    """The samples themselves, for percentiles; None where only their sums were published."""

    def add(self, value: float, samples: float = 1) -> None:
        """Add ``samples`` samples of ``value`` each."""
        self.samples += samples
        self.total += value * samples
        if value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value
        values = self.values
        if values is not None:
            values[value] = values.get(value, 0) + samples
            if len(values) > 2 * VALUES_MAX:
                self.values = bounded(values)

    def add_all(self, values: Sequence[float]) -> None:
        """Add one sample of each of these values, of which there is one at least."""
        self.samples += len(values)
        self.total += sum(values)
        self.minimum = min(self.minimum, *values)
        self.maximum = max(self.maximum, *values)
        known = self.values
        if known is not None:
            for value in values:
                known[value] = known.get(value, 0) + 1
            if len(known) > 2 * VALUES_MAX:
                self.values = bounded(known)

    def merge(self, other: Statistic) -> None:
        """Add the samples of ``other``; where one side's values are not known, the sum's are not."""
        self.samples += other.samples
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if self.values is None or other.values is None:
            self.values = None
            return
        for value, samples in other.values.items():
            self.values[value] = self.values.get(value, 0) + samples
        if len(self.values) > VALUES_MAX:
            self.values = bounded(self.values)


class MetricBuffer:
    """Samples of the current minutes, by account, region, namespace, name, dimensions and unit."""

    def __init__(self) -> None:
        self._statistics: dict[tuple[object, ...], Statistic] = {}

    def add(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Dimensions,
        value: float,
        unit: str,
        now_ms: int,
        samples: float = 1,
    ) -> None:
        """Record ``samples`` samples of ``value``. ``unit`` is a CloudWatch unit (``Count``, ``Milliseconds``)."""
        key = (account, region, namespace, name, dimensions, unit, now_ms - now_ms % 60_000)
        statistic = self._statistics.get(key)
        if statistic is None:
            self._statistics[key] = Statistic(samples, value * samples, value, value, {value: samples})
        else:
            statistic.add(value, samples)

    def add_all(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Dimensions,
        values: Sequence[float],
        unit: str,
        now_ms: int,
    ) -> None:
        """Record one sample of each of the values."""
        if not values:
            return
        key = (account, region, namespace, name, dimensions, unit, now_ms - now_ms % 60_000)
        statistic = self._statistics.get(key)
        if statistic is None:
            least = min(values)
            statistic = self._statistics[key] = Statistic(0, 0.0, least, least, {})
        statistic.add_all(values)

    def drain(self) -> list[tuple[MetricKey, Statistic]]:
        """All that was recorded since the last drain."""
        drained, self._statistics = self._statistics, {}
        return [(MetricKey(*key), statistic) for key, statistic in drained.items()]  # type: ignore[arg-type]
