"""Gauges: how the state of other services' resources becomes samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from onebox.services.cloudwatch.collector import Gauge, GaugeReading

QueueReadings = Callable[[int], Iterable[tuple[str, str, str, Mapping[str, float]]]]
"""At a moment in ms, for every queue its account, region, name and values by metric name."""


def queue_gauge(read: QueueReadings) -> Gauge:
    """The AWS/SQS gauges, by QueueName."""

    def gauge(now_ms: int) -> Iterator[GaugeReading]:
        for account, region, name, values in read(now_ms):
            dimensions = (("QueueName", name),)
            readings = {
                metric: (float(value), "Seconds" if metric == "ApproximateAgeOfOldestMessage" else "Count")
                for metric, value in values.items()
            }
            yield account, region, "AWS/SQS", dimensions, readings

    return gauge
