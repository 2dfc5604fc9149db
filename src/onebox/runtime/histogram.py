"""Distributions of samples: value to number of samples, of bounded size. Pure.

Up to VALUES_MAX distinct values are kept exactly, as percentiles need them; beyond that values that lie close
together become one, first within 1 %, then coarser.
"""

from __future__ import annotations

import math

VALUES_MAX = 500
_FIRST_RATIO = 1.01

Histogram = dict[float, float]


def bounded(values: Histogram) -> Histogram:
    """The same samples on at most VALUES_MAX distinct values."""
    ratio = _FIRST_RATIO
    while len(values) > VALUES_MAX:
        values = _merged(values, ratio)
        ratio *= ratio
    return values


def _merged(values: Histogram, ratio: float) -> Histogram:
    """Values in the same bucket, whose ends differ by ``ratio``, become their mean."""
    counts: dict[tuple[bool, int], float] = {}
    totals: dict[tuple[bool, int], float] = {}
    step = math.log(ratio)
    for value, samples in values.items():
        bucket = (value < 0, math.floor(math.log(abs(value)) / step) if value else -1 << 31)
        counts[bucket] = counts.get(bucket, 0) + samples
        totals[bucket] = totals.get(bucket, 0) + value * samples
    merged: Histogram = {}
    for bucket, samples in counts.items():
        mean = totals[bucket] / samples
        merged[mean] = merged.get(mean, 0) + samples
    return merged
