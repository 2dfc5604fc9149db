"""Reads the CloudWatch dashboard, the metric series of its charts, and the alarms on them.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from orders.aws.clients import Aws, error_code

# The maximum number of queries in one GetMetricData call.
QUERIES_MAX = 500
_COMPARISONS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
MetricKey = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, name, dimensions sorted."""


class MeasuredSeries(NamedTuple):
    """One series in the result of a query."""

    query_id: str
    label: str
    values: Mapping[int, float]
    """Values by the start of their period, in milliseconds since the epoch."""


class WatchingAlarm(NamedTuple):
    """An alarm and the metrics it watches."""

    name: str
    arn: str
    state: str
    reason: str
    condition: str
    """For people: ``Maximum over 60 s > 300``."""
    threshold: float | None
    """None for an alarm without a fixed threshold."""
    metrics: tuple[MetricKey, ...]
    is_computed: bool
    """Whether the threshold applies to an expression, whose scale differs from the metrics'."""


class Dashboards:
    """Reads CloudWatch and counts the calls, because AWS charges for them."""

    def __init__(self, aws: Aws) -> None:
        self._cloudwatch = aws.client("cloudwatch")
        self.calls = 0

    def find_body(self, name: str) -> str | None:
        """A dashboard's body, as JSON; None if there is no such dashboard."""
        from botocore.exceptions import ClientError

        try:
            return str(self._ask("get_dashboard", DashboardName=name)["DashboardBody"])
        except ClientError as error:
            if error_code(error) in ("ResourceNotFound", "DashboardNotFoundError"):
                return None
            raise

    def measure(self, queries: Sequence[Mapping[str, Any]], since_ms: int, until_ms: int) -> list[MeasuredSeries]:
        """The series of MetricDataQueries, in their order; a query without data answers with an empty series.

        Raises botocore's errors.
        """
        found: dict[tuple[str, str], dict[int, float]] = {}
        for first in range(0, len(queries), QUERIES_MAX):
            request: dict[str, Any] = {
                "MetricDataQueries": list(queries[first : first + QUERIES_MAX]),
                "StartTime": _moment(since_ms),
                "EndTime": _moment(until_ms),
                "ScanBy": "TimestampAscending",
            }
            while True:
                answer = self._ask("get_metric_data", **request)
                for result in answer["MetricDataResults"]:
                    # A series may come in parts, and those that a search found share its id.
                    values = found.setdefault((result["Id"], result.get("Label", "")), {})
                    moments = (int(moment.timestamp()) * 1000 for moment in result["Timestamps"])
                    values.update(zip(moments, result["Values"], strict=True))
                if not answer.get("NextToken"):
                    break
                request["NextToken"] = answer["NextToken"]
        return [MeasuredSeries(query_id, label, values) for (query_id, label), values in found.items()]

    def alarms(self) -> list[WatchingAlarm]:
        """All alarms on metrics of the account and region, by name."""
        request: dict[str, Any] = {"AlarmTypes": ["MetricAlarm"], "MaxRecords": 100}
        found: list[WatchingAlarm] = []
        while True:
            answer = self._ask("describe_alarms", **request)
            found += [_read_alarm(alarm) for alarm in answer.get("MetricAlarms", [])]
            if not answer.get("NextToken"):
                return sorted(found)
            request["NextToken"] = answer["NextToken"]

    def _ask(self, operation: str, **request: Any) -> Any:
        self.calls += 1
        return getattr(self._cloudwatch, operation)(**request)


def _read_alarm(alarm: Mapping[str, Any]) -> WatchingAlarm:
    queries = alarm.get("Metrics", [])
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    watched = [stat["Metric"] for stat in stats] if queries else [alarm]
    threshold = alarm.get("Threshold")
    if queries:
        shown = next((query for query in queries if query.get("ReturnData", True)), queries[0])
        subject = shown.get("Label") or shown.get("Expression") or "its metric"
        is_computed = "Expression" in shown
    else:
        statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic", "")
        subject, is_computed = f"{statistic} over {alarm.get('Period', 60)} s", False
    comparison = _COMPARISONS.get(alarm.get("ComparisonOperator", ""), "beyond")
    return WatchingAlarm(
        name=alarm["AlarmName"],
        arn=alarm["AlarmArn"],
        state=alarm["StateValue"],
        reason=alarm.get("StateReason", ""),
        condition=f"{subject} {comparison} {'its expected band' if threshold is None else f'{threshold:g}'}",
        threshold=threshold,
        metrics=tuple(_key(metric) for metric in watched if metric.get("MetricName")),
        is_computed=is_computed,
    )


def _key(metric: Mapping[str, Any]) -> MetricKey:
    dimensions = sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
    return metric["Namespace"], metric["MetricName"], tuple(dimensions)


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, timezone.utc)
