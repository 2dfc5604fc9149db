"""The services' own metrics, summed in memory until CloudWatch takes them.

A metric costs one dictionary entry a minute, whatever the traffic. The CloudWatch service drains the buffer every
few seconds and before every read; a kill loses what was not drained, which AWS's best-effort metrics may as well.
"""

from __future__ import annotations

from dataclasses import dataclass

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

    def add(self, value: float, samples: float = 1) -> None:
        """Add ``samples`` samples of ``value`` each."""
        self.samples += samples
        self.total += value * samples
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)


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
            self._statistics[key] = Statistic(samples, value * samples, value, value)
        else:
            statistic.add(value, samples)

    def drain(self) -> list[tuple[MetricKey, Statistic]]:
        """All that was recorded since the last drain."""
        drained, self._statistics = self._statistics, {}
        return [(MetricKey(*key), statistic) for key, statistic in drained.items()]  # type: ignore[arg-type]
