"""What a stored alarm's configuration says. Pure."""

from __future__ import annotations

from typing import Any

from onebox.services.cloudwatch.alarms.evaluation import IGNORE, Rule
from onebox.services.cloudwatch.limits import ALARM_SPARE_PERIODS, MINUTE_MS
from onebox.services.cloudwatch.model import Alarm, MetricId, sorted_dimensions
from onebox.services.cloudwatch.statistics import Stat, find_stat

Configuration = dict[str, Any]


def alarm_rule(configuration: Configuration) -> Rule:
    """The rule of a metric alarm."""
    periods: int = configuration["EvaluationPeriods"]
    needed: int = configuration.get("DatapointsToAlarm", periods)
    # AWS: alarms on AWS/DynamoDB metrics ignore missing data whatever they were told.
    ignores = configuration.get("Namespace") == "AWS/DynamoDB"
    return Rule(
        comparison=configuration["ComparisonOperator"],
        threshold=float(configuration["Threshold"]),
        evaluation_periods=periods,
        datapoints_to_alarm=needed,
        treat_missing=IGNORE if ignores else configuration.get("TreatMissingData", "missing"),
        counts_datapoints="DatapointsToAlarm" in configuration,
    )


def alarm_period_s(configuration: Configuration) -> int:
    """The period of an alarm; of one on an expression the longest of its metrics' periods."""
    if "Metrics" not in configuration:
        return int(configuration["Period"])
    periods = [query["MetricStat"]["Period"] for query in configuration["Metrics"] if "MetricStat" in query]
    own = [query["Period"] for query in configuration["Metrics"] if "Period" in query]
    return max([*periods, *own], default=60)


def alarm_step_ms(configuration: Configuration) -> int:
    """How often an alarm is evaluated regularly: each period, or each minute if that is shorter."""
    return min(alarm_period_s(configuration) * 1000, MINUTE_MS)


def alarm_stat(configuration: Configuration) -> Stat:
    """The statistic of an alarm on one metric."""
    stat = find_stat(configuration.get("ExtendedStatistic") or configuration["Statistic"])
    assert stat is not None, "checked by PutMetricAlarm"
    return stat


def alarm_metric(alarm: Alarm) -> MetricId:
    """The metric of an alarm on one metric."""
    configuration = alarm.configuration
    return MetricId(
        alarm.account,
        alarm.region,
        configuration["Namespace"],
        configuration["MetricName"],
        sorted_dimensions(configuration.get("Dimensions", [])),
    )


def watched_metrics(alarm: Alarm) -> frozenset[MetricId]:
    """The metrics that an alarm names; those that its SEARCH expressions find are not among them."""
    if "Metrics" not in alarm.configuration:
        return frozenset([alarm_metric(alarm)])
    metrics = [query["MetricStat"]["Metric"] for query in alarm.configuration["Metrics"] if "MetricStat" in query]
    return frozenset(
        MetricId(
            alarm.account,
            alarm.region,
            metric["Namespace"],
            metric["MetricName"],
            sorted_dimensions(metric.get("Dimensions", [])),
        )
        for metric in metrics
    )


def range_periods(rule: Rule, period_s: int, end_ms: int) -> int:
    """How many periods an evaluation looks at. One on periods below a minute reaches back to the start of the minute
    before, where the samples of standard resolution stand."""
    periods = rule.evaluation_periods + ALARM_SPARE_PERIODS
    if period_s >= 60:
        return periods
    last_minute_ms = (end_ms - 1) // MINUTE_MS * MINUTE_MS - MINUTE_MS
    return max(periods, -(-(end_ms - last_minute_ms) // (period_s * 1000)))
