"""The embedded metric format: log lines that carry metrics. Pure.

A line that breaks the format is an ordinary line and yields nothing, as with AWS.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import orjson

from onebox.runtime.metrics import Dimensions
from onebox.services.logs.metric_filters import MetricSample

_MARK = '"_aws"'
_DIMENSIONS_MAX = 30
_METRICS_MAX = 100
_VALUES_MAX = 100
_SAMPLES_MAX = 10_000
"""Samples taken from one line: those of 100 metrics with 100 values each."""
_VALUE_MAX = 2.0**360


def find_embedded_metrics(events: Sequence[tuple[int, str]]) -> list[MetricSample]:
    """The samples that the lines carry."""
    return [
        sample
        for at_ms, message in events
        if _MARK in message
        for sample in islice(_samples_of_line(at_ms, message), _SAMPLES_MAX)
    ]


def _samples_of_line(at_ms: int, message: str) -> Iterator[MetricSample]:
    start = message.find("{")
    try:
        document = orjson.loads(message[start:]) if start >= 0 else None
    except orjson.JSONDecodeError:
        return
    metadata = document.get("_aws") if isinstance(document, dict) else None
    directives = metadata.get("CloudWatchMetrics") if isinstance(metadata, dict) else None
    if not isinstance(document, dict) or not isinstance(metadata, dict) or not isinstance(directives, list):
        return
    timestamp = metadata.get("Timestamp", at_ms)
    if not isinstance(timestamp, int) or isinstance(timestamp, bool) or timestamp < 0:
        return
    for directive in directives:
        if isinstance(directive, dict):
            yield from _samples_of_directive(document, directive, timestamp)


def _samples_of_directive(document: dict[str, Any], directive: dict[str, Any], at_ms: int) -> Iterator[MetricSample]:
    namespace, metrics = directive.get("Namespace"), directive.get("Metrics")
    sets = directive.get("Dimensions") or [[]]
    if not isinstance(namespace, str) or not namespace or not isinstance(metrics, list) or not isinstance(sets, list):
        return
    dimension_sets = [pairs for names in sets if (pairs := _dimensions(document, names)) is not None]
    for metric in metrics[:_METRICS_MAX]:
        name = metric.get("Name") if isinstance(metric, dict) else None
        if not isinstance(name, str) or not name:
            continue
        unit = metric.get("Unit", "None")
        for value, samples in _values(document.get(name)).items():
            for dimensions in dimension_sets:
                yield MetricSample(
                    namespace=namespace,
                    name=name,
                    dimensions=dimensions,
                    unit=str(unit),
                    value=value,
                    samples=samples,
                    at_ms=at_ms,
                )


def _dimensions(document: dict[str, Any], names: Any) -> Dimensions | None:
    if not isinstance(names, list) or len(names) > _DIMENSIONS_MAX:
        return None
    pairs = [(name, document.get(name)) for name in names if isinstance(name, str)]
    if len(pairs) != len(names) or not all(isinstance(value, str) and value for _, value in pairs):
        return None
    return tuple(sorted((name, str(value)) for name, value in pairs))


def _values(value: Any) -> Counter[float]:
    values = value if isinstance(value, list) else [value]
    numbers = [float(number) for number in values if isinstance(number, int | float) and not isinstance(number, bool)]
    usable = all(math.isfinite(number) and abs(number) <= _VALUE_MAX for number in numbers)
    return Counter(numbers if usable and len(numbers) == len(values) <= _VALUES_MAX else ())
