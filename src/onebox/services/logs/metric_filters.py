"""Metric filters: from log events to metric samples. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from onebox.runtime.metrics import Dimensions
from onebox.services.logs.patterns import Pattern, parse_pattern
from onebox.services.logs.patterns.pattern import find_number


@dataclass(frozen=True, slots=True)
class MetricSample:
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str
    value: float
    samples: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class MetricFilter:
    name: str
    pattern: Pattern
    transformations: tuple[dict[str, Any], ...]


@lru_cache(maxsize=256)
def parse_filter(name: str, pattern: str, transformations: str) -> MetricFilter:
    """A stored filter, ready to run; ``transformations`` is JSON in the API's spelling."""
    return MetricFilter(name, parse_pattern(pattern), tuple(json.loads(transformations)))


def apply_filter(metric_filter: MetricFilter, events: Sequence[tuple[int, str]]) -> list[MetricSample]:
    """A sample for each match; the default value once for a batch in which nothing matched."""
    matches = [(at_ms, message) for at_ms, message in events if metric_filter.pattern.extract(message) is not None]
    samples: list[MetricSample] = []
    for transformation in metric_filter.transformations:
        if not matches and "defaultValue" in transformation:
            samples.append(_sample(transformation, (), float(transformation["defaultValue"]), events[-1][0]))
        for at_ms, message in matches:
            value = _value(metric_filter.pattern, transformation["metricValue"], message)
            dimensions = _dimensions(metric_filter.pattern, transformation, message)
            if value is not None and dimensions is not None:
                samples.append(_sample(transformation, dimensions, value, at_ms))
    return samples


def _sample(transformation: dict[str, Any], dimensions: Dimensions, value: float, at_ms: int) -> MetricSample:
    return MetricSample(
        namespace=transformation["metricNamespace"],
        name=transformation["metricName"],
        dimensions=dimensions,
        unit=transformation.get("unit", "None"),
        value=value,
        samples=1,
        at_ms=at_ms,
    )


def _value(pattern: Pattern, metric_value: str, message: str) -> float | None:
    if not metric_value.startswith("$"):
        return find_number(metric_value)
    selected = pattern.select(message, metric_value)
    return None if selected is None else find_number(selected)


def _dimensions(pattern: Pattern, transformation: dict[str, Any], message: str) -> Dimensions | None:
    """The metric's dimensions in this message; None if one has no value there, and then nothing is counted."""
    pairs = []
    for name, selector in sorted(transformation.get("dimensions", {}).items()):
        value = pattern.select(message, selector)
        if not value:
            return None
        pairs.append((name, value))
    return tuple(pairs)
