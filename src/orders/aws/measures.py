"""The CloudWatch metrics of the system, and their values by minute.

Status, console and doctor read their figures here, so they name the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from orders.aws.names import DEAD_LETTER_QUEUE, FUNCTION, QUEUE, SEED_NAMES, TABLE, TOPIC, Names

PERIOD_S = 60
# The maximum number of queries in one GetMetricData call.
QUERIES_MAX = 500
BUSINESS_NAMESPACE = SEED_NAMES.metrics


class Measure(NamedTuple):
    """A CloudWatch metric and the statistic that combines the values of a minute.

    Its names are those of a system without prefix, so that one value stands for the same figure of every system.
    """

    title: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...] = ()
    statistic: str = "Sum"

    @property
    def adds_up(self) -> bool:
        """Whether an hour is the sum of its minutes; otherwise it is their maximum."""
        return self.statistic == "Sum"


_TOPIC, _QUEUE = (("TopicName", TOPIC),), (("QueueName", QUEUE),)
_DEAD_LETTERS, _FUNCTION, _TABLE = (
    (("QueueName", DEAD_LETTER_QUEUE),),
    (("FunctionName", FUNCTION),),
    (("TableName", TABLE),),
)
PUBLISHED = Measure("published", "AWS/SNS", "NumberOfMessagesPublished", _TOPIC)
UNDELIVERED = Measure("not delivered", "AWS/SNS", "NumberOfNotificationsFailed", _TOPIC)
QUEUED = Measure("queued", "AWS/SQS", "NumberOfMessagesSent", _QUEUE)
PROCESSED = Measure("processed", "AWS/SQS", "NumberOfMessagesDeleted", _QUEUE)
WAITING = Measure("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", _QUEUE, "Maximum")
AGE = Measure("age of oldest, s", "AWS/SQS", "ApproximateAgeOfOldestMessage", _QUEUE, "Maximum")
FAILED = Measure("in OrderDLQ", "AWS/SQS", "ApproximateNumberOfMessagesVisible", _DEAD_LETTERS, "Maximum")
CALLS = Measure("calls", "AWS/Lambda", "Invocations", _FUNCTION)
ERRORS = Measure("errors", "AWS/Lambda", "Errors", _FUNCTION)
THROTTLES = Measure("throttles", "AWS/Lambda", "Throttles", _FUNCTION)
DURATION = Measure("duration, ms", "AWS/Lambda", "Duration", _FUNCTION, "Average")
LONGEST = Measure("longest, ms", "AWS/Lambda", "Duration", _FUNCTION, "Maximum")
CONCURRENCY = Measure("concurrent", "AWS/Lambda", "ConcurrentExecutions", _FUNCTION, "Maximum")
WRITES = Measure("write units", "AWS/DynamoDB", "ConsumedWriteCapacityUnits", _TABLE)
READS = Measure("read units", "AWS/DynamoDB", "ConsumedReadCapacityUnits", _TABLE)
STORED = Measure("stored", BUSINESS_NAMESPACE, "OrdersStored")
DUPLICATE = Measure("duplicate", BUSINESS_NAMESPACE, "OrdersDuplicate")
STALE = Measure("too old", BUSINESS_NAMESPACE, "OrdersStale")
UNAVAILABLE = Measure("retried", BUSINESS_NAMESPACE, "OrdersUnavailable")
# How old the last record of a batch was when OrderHistory got it, in milliseconds; without a batch there is no value.
HISTORY_AGE = Measure(
    "age of changes, ms", "AWS/Lambda", "IteratorAge", (("FunctionName", SEED_NAMES.history_function),), "Maximum"
)
# What Lambda counts of the requests to OrderIntake's URL, without a metric of the function's own.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html#urls-cloudwatch
_INTAKE = (("FunctionName", SEED_NAMES.intake_function),)
REQUESTS = Measure("requests", "AWS/Lambda", "UrlRequestCount", _INTAKE)
REFUSED_REQUESTS = Measure("refused", "AWS/Lambda", "Url4xxCount", _INTAKE)
FAILED_REQUESTS = Measure("failed", "AWS/Lambda", "Url5xxCount", _INTAKE)
MEASURES = (
    *(REQUESTS, REFUSED_REQUESTS, FAILED_REQUESTS),
    *(PUBLISHED, UNDELIVERED, QUEUED, PROCESSED, WAITING, AGE, FAILED),
    *(CALLS, ERRORS, THROTTLES, DURATION, LONGEST, CONCURRENCY),
    *(WRITES, READS, STORED, DUPLICATE, STALE, UNAVAILABLE),
)


def read_series(
    get_metric_data: Callable[..., Any], names: Names, measures: Sequence[Measure], since_ms: int, until_ms: int
) -> dict[Measure, dict[int, float]]:
    """The values of at most QUERIES_MAX measures by the start of the minute; minutes without a value are omitted.

    ``get_metric_data`` is the operation of a CloudWatch client; its errors are the caller's.
    """
    request: dict[str, Any] = {
        "StartTime": _moment(since_ms),
        "EndTime": _moment(until_ms),
        "MetricDataQueries": [_query(names, index, measure) for index, measure in enumerate(measures)],
    }
    found: dict[Measure, dict[int, float]] = {measure: {} for measure in measures}
    while True:
        answer = get_metric_data(**request)
        for result in answer["MetricDataResults"]:
            minutes = [int(moment.timestamp()) * 1000 for moment in result["Timestamps"]]
            found[measures[int(result["Id"][1:])]].update(zip(minutes, result["Values"], strict=True))
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]


def place_metric(
    names: Names, namespace: str, dimensions: tuple[tuple[str, str], ...]
) -> tuple[str, list[dict[str, str]]]:
    """The namespace and the dimensions of a metric in the system of these names."""
    if namespace == BUSINESS_NAMESPACE:  # its dimensions are reasons and currencies
        return names.metrics, [{"Name": name, "Value": value} for name, value in dimensions]
    return namespace, [{"Name": name, "Value": names.of(part)} for name, part in dimensions]


def _query(names: Names, index: int, measure: Measure) -> dict[str, Any]:
    namespace, dimensions = place_metric(names, measure.namespace, measure.dimensions)
    return {
        "Id": f"m{index}",
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": measure.metric,
                "Dimensions": dimensions,
            },
            "Period": PERIOD_S,
            "Stat": measure.statistic,
        },
    }


def _moment(at_ms: int) -> datetime:
    # CloudWatch requires whole minutes for one-minute periods.
    return datetime.fromtimestamp(at_ms // 1000, timezone.utc)
