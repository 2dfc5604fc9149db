"""The middle of some runs, with the lowest and the highest: one run says little on a machine with other work."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple


class Spread(NamedTuple):
    """What some runs came to."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of at least one value. Raises ValueError for none."""
        ordered = sorted(values)
        if not ordered:
            raise ValueError("no run, no figure")
        return cls(statistics.median(ordered), ordered[0], ordered[-1], len(ordered))

    def times(self, factor: float) -> Spread:
        """The same in another unit."""
        return Spread(self.median * factor, self.low * factor, self.high * factor, self.runs)

    def show(self, digits: int = 0) -> str:
        """``2,110 (2,069 to 2,216)``; the median alone where there was one run, or all were the same."""
        median, low, high = (f"{value:,.{digits}f}" for value in (self.median, self.low, self.high))
        return median if low == high else f"{median} ({low} to {high})"
