"""The four charts that lead the metrics page: do orders flow, how long do they take, what fails, what waits. Pure."""

from __future__ import annotations

from dataclasses import replace

from orders.aws.names import Names
from orders.console.dashboard import Chart, Metric, Query

PERIOD_S = 60
RED = "#d62728"


def overview_charts(names: Names) -> tuple[Chart, ...]:
    """The charts, in the order of the questions of an operator."""
    topic, function = (("TopicName", names.topic),), (("FunctionName", names.function),)
    queue, dead_letters = (("QueueName", names.queue),), (("QueueName", names.dead_letter_queue),)
    return (
        _chart(
            "flow",
            "Do orders flow?",
            "orders a minute",
            _query(Metric("AWS/SNS", "NumberOfMessagesPublished", topic), "Sum", "published"),
            _query(Metric(names.metrics, "OrdersStored"), "Sum", "stored"),
            _query(Metric(names.metrics, "OrdersDuplicate"), "Sum", "duplicate"),
        ),
        _chart(
            "time",
            "How long do they take?",
            "ms; age in s at the right",
            _query(Metric("AWS/Lambda", "Duration", function), "Average", "call, average"),
            _query(Metric("AWS/Lambda", "Duration", function), "p99", "call, p99"),
            _query(
                Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", queue), "Maximum", "oldest waiting, s", right=True
            ),
        ),
        _chart(
            "fails",
            "What fails?",
            "a minute",
            _query(Metric("AWS/Lambda", "Errors", function), "Sum", "failed calls", RED),
            _query(Metric(names.metrics, "OrdersUnavailable"), "Sum", "to be tried again"),
            _query(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", dead_letters), "Maximum", "in OrderDLQ"),
        ),
        _chart(
            "waits",
            "What waits?",
            "orders",
            _query(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue), "Maximum", "waiting"),
            _query(Metric("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", queue), "Maximum", "in flight"),
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
