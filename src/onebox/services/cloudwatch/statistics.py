"""Statistics: from the samples of a period to the number asked for. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onebox.runtime.metrics import Statistic

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_KINDS = {"TM": "trimmed mean", "WM": "winsorized mean", "TC": "trimmed count", "TS": "trimmed sum"}
_SHORT = re.compile(r"(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)", re.IGNORECASE)
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\(([^:()]*):([^:()]*)\)", re.IGNORECASE)
_BOUND = re.compile(r"(-?\d+(?:\.\d+)?)(%?)")


@dataclass(frozen=True, slots=True)
class Stat:
    """A statistic. Bounds are percentages or values of the metric; None: no bound on that side."""

    kind: str
    low: float | None = None
    high: float | None = None
    percent: bool = True

    @property
    def needs_values(self) -> bool:
        """Whether sums do not suffice."""
        return self.kind not in SIMPLE

    def of(self, statistic: Statistic) -> float | None:
        """The statistic's value; None where the samples needed for it were not published."""
        if not statistic.samples:
            return 0.0 if self.kind in ("SampleCount", "Sum") else None
        simple = _simple(self.kind, statistic)
        return simple if simple is not None else self._of_values(statistic)

    def _of_values(self, statistic: Statistic) -> float | None:
        values = known_values(statistic)
        if values is None or statistic.minimum < 0:
            return None  # AWS has no percentiles of metrics with negative values
        if self.kind == "percentile":
            assert self.high is not None
            return percentile(values, self.high)
        inside = self._inside(values)
        count = sum(samples for _, samples in inside)
        if self.kind == "TC":
            return count
        if self.kind == "PR":
            return 100 * count / statistic.samples
        if not inside:
            return None
        total = sum(value * samples for value, samples in inside)
        if self.kind == "TS":
            return total
        if self.kind == "WM":
            return self._winsorized(values, inside)
        return total / count

    def _inside(self, values: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """The samples within the bounds, those cut by a percentage in part."""
        if not self.percent:
            return [
                (value, samples)
                for value, samples in values
                if (self.low is None or value > self.low) and (self.high is None or value <= self.high)
            ]
        total = sum(samples for _, samples in values)
        start = total * (self.low or 0) / 100
        end = total * (100 if self.high is None else self.high) / 100
        inside, before = [], 0.0
        for value, samples in values:
            kept = min(before + samples, end) - max(before, start)
            if kept > 0:
                inside.append((value, kept))
            before += samples
        return inside

    def _winsorized(self, values: list[tuple[float, float]], inside: list[tuple[float, float]]) -> float:
        """The mean with what lies outside moved to the nearest value inside."""
        lowest, highest = inside[0][0], inside[-1][0]
        total = sum(samples for _, samples in values)
        return sum(min(max(value, lowest), highest) * samples for value, samples in values) / total


def find_stat(text: str) -> Stat | None:
    """The statistic that ``text`` names (``Sum``, ``p99.9``, ``tm90``, ``TM(2%:98%)``, ``PR(:300)``, ``IQM``)."""
    if text in SIMPLE:
        return Stat(text)
    if text.upper() == "IQM":
        return Stat("TM", 25, 75)
    short = _SHORT.fullmatch(text)
    if short:
        high = float(short[2])
        kind = short[1].upper()
        return None if high > 100 else Stat("percentile" if kind == "P" else kind, None, high)
    whole = _RANGE.fullmatch(text)
    return None if whole is None else _find_range(whole[1].upper(), whole[2], whole[3])


def _find_range(kind: str, low_text: str, high_text: str) -> Stat | None:
    bounds: list[float | None] = []
    percents: set[bool] = set()
    for text in (low_text.strip(), high_text.strip()):
        bound = _BOUND.fullmatch(text)
        if text and bound is None:
            return None
        bounds.append(float(bound[1]) if bound else None)
        if bound:
            percents.add(bool(bound[2]))
    if len(percents) != 1 or (kind == "PR" and True in percents):
        return None
    low, high = bounds
    percent = percents.pop()
    if percent and not 0 <= (low or 0) < (100 if high is None else high) <= 100:
        return None
    return Stat(kind, low, high, percent)


def known_values(statistic: Statistic) -> list[tuple[float, float]] | None:
    """The samples by value; None where they are not known. All equal samples are known from their sums."""
    if statistic.values is not None:
        return sorted(statistic.values.items())
    return [(statistic.minimum, statistic.samples)] if statistic.minimum == statistic.maximum else None


def percentile(values: list[tuple[float, float]], percent: float) -> float:
    """The smallest value that at least ``percent`` of the samples do not exceed."""
    wanted = sum(samples for _, samples in values) * percent / 100
    seen = 0.0
    for value, samples in values:
        seen += samples
        if seen >= wanted - 1e-9:
            return value
    return values[-1][0]


def _simple(kind: str, statistic: Statistic) -> float | None:
    match kind:
        case "SampleCount":
            return statistic.samples
        case "Average":
            return statistic.total / statistic.samples
        case "Sum":
            return statistic.total
        case "Minimum":
            return statistic.minimum
        case "Maximum":
            return statistic.maximum
    return None
