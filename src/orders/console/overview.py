"""The four charts that lead the metrics page: do orders flow, how long do they take, what fails, what waits. Pure."""

from __future__ import annotations

from dataclasses import replace

from orders.aws.names import DEAD_LETTER_QUEUE, FUNCTION, QUEUE, TOPIC
from orders.console.dashboard import Chart, Metric, Query
from orders.monitoring.metrics import BUSINESS_NAMESPACE

PERIOD_S = 60
RED = "#d62728"
_TOPIC, _FUNCTION = (("TopicName", TOPIC),), (("FunctionName", FUNCTION),)
_QUEUE, _DEAD_LETTERS = (("QueueName", QUEUE),), (("QueueName", DEAD_LETTER_QUEUE),)


def overview_charts() -> tuple[Chart, ...]:
    """The charts, in the order of the questions of an operator."""
    return (
        _chart(
            "flow",
            "Do orders flow?",
            "orders a minute",
            _query(Metric("AWS/SNS", "NumberOfMessagesPublished", _TOPIC), "Sum", "published"),
            _query(Metric(BUSINESS_NAMESPACE, "OrdersStored"), "Sum", "stored"),
            _query(Metric(BUSINESS_NAMESPACE, "OrdersDuplicate"), "Sum", "duplicate"),
        ),
        _chart(
            "time",
            "How long do they take?",
            "ms; age in s at the right",
            _query(Metric("AWS/Lambda", "Duration", _FUNCTION), "Average", "call, average"),
            _query(Metric("AWS/Lambda", "Duration", _FUNCTION), "p99", "call, p99"),
            _query(
                Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", _QUEUE), "Maximum", "oldest waiting, s", right=True
            ),
        ),
        _chart(
            "fails",
            "What fails?",
            "a minute",
            _query(Metric("AWS/Lambda", "Errors", _FUNCTION), "Sum", "failed calls", RED),
            _query(Metric(BUSINESS_NAMESPACE, "OrdersUnavailable"), "Sum", "to be tried again"),
            _query(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", _DEAD_LETTERS), "Maximum", "in OrderDLQ"),
        ),
        _chart(
            "waits",
            "What waits?",
            "orders",
            _query(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", _QUEUE), "Maximum", "waiting"),
            _query(Metric("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", _QUEUE), "Maximum", "in flight"),
        ),
    )


def _chart(name: str, title: str, unit: str, *queries: Query) -> Chart:
    named = tuple(replace(query, id=f"lead_{name}_{index}") for index, query in enumerate(queries))
    return Chart(title, unit, named, (), is_wide=False)


def _query(metric: Metric, statistic: str, label: str, color: str | None = None, *, right: bool = False) -> Query:
    return Query(
        id="",
        metric=metric,
        expression=None,
        statistic=statistic,
        period_s=PERIOD_S,
        label=label,
        color=color,
        is_visible=True,
        is_right=right,
    )
