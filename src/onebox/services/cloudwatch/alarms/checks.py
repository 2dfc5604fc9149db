"""Checks of PutMetricAlarm and PutCompositeAlarm. Pure."""

from __future__ import annotations

import re
from typing import Any

from onebox.arn import find_arn
from onebox.services.cloudwatch.alarms.evaluation import COMPARISONS, TREATMENTS
from onebox.services.cloudwatch.errors import ValidationError
from onebox.services.cloudwatch.limits import (
    ALARM_ACTIONS_MAX,
    ALARM_LONG_SPAN_S_MAX,
    ALARM_METRICS_MAX,
    ALARM_SPAN_S_MAX,
)
from onebox.services.cloudwatch.metric_queries import check_queries
from onebox.services.cloudwatch.statistics import SIMPLE, find_stat
from onebox.services.cloudwatch.validation import (
    broken_constraint,
    check_dimensions,
    check_enum,
    check_length,
    check_present,
    check_unit,
    is_period,
)
from onebox.services.context import Wire

_SINGLE = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_UNSUPPORTED = ("ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "WarmUpConfiguration")
_OPERATORS = (
    *COMPARISONS,
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
_ACTION_SERVICES = {
    "sns", "lambda", "automate", "swf", "autoscaling", "ssm", "ssm-incidents", "aiops",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_metric_alarm(request: Wire) -> None:
    """Raises ValidationError."""
    _check_common(request)
    check_present(request, "ComparisonOperator", "EvaluationPeriods")
    for member in _UNSUPPORTED:
        if member in request:
            raise ValidationError(f"The parameter {member} is not supported.")
    if "WallClockWindow" in request.get("EvaluationWindow", {}):
        raise ValidationError("The parameter EvaluationWindow.WallClockWindow is not supported.")
    _check_threshold(request)
    if "Metrics" in request:
        _check_metrics(request)
    else:
        _check_single(request)
    periods, needed = request["EvaluationPeriods"], request.get("DatapointsToAlarm")
    _check_positive(periods, "evaluationPeriods")
    if needed is not None:
        _check_positive(needed, "datapointsToAlarm")
        if needed > periods:
            raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    check_span(request)


def check_composite_alarm(request: Wire) -> None:
    """Raises ValidationError; the rule itself is parsed by the operation."""
    _check_common(request)
    check_length(request["AlarmRule"], "alarmRule", 1, 10240)
    if "ActionsSuppressor" in request:
        raise ValidationError("The parameter ActionsSuppressor is not supported.")


def check_span(request: Wire) -> None:
    """EvaluationPeriods times Period has a bound."""
    period_s = request.get("Period") or max(
        (query["MetricStat"]["Period"] for query in request.get("Metrics", []) if "MetricStat" in query), default=60
    )
    longest_s = ALARM_LONG_SPAN_S_MAX if period_s >= 3600 else ALARM_SPAN_S_MAX
    if period_s * request["EvaluationPeriods"] > longest_s:
        raise ValidationError(
            f"Metrics cannot be checked across more than {'a week' if period_s >= 3600 else 'a day'}"
            " (EvaluationPeriods * Period must be <= "
            f"{longest_s})."
        )


def _check_common(request: Wire) -> None:
    check_length(request["AlarmName"], "alarmName", 1, 255)
    if _CONTROL.search(request["AlarmName"]):
        raise ValidationError("The parameter AlarmName must not contain control characters.")
    check_length(request.get("AlarmDescription", ""), "alarmDescription", 0, 1024)
    for member in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        arns = request.get(member, [])
        if len(arns) > ALARM_ACTIONS_MAX:
            name = member[:2].lower() + member[2:] if member == "OKActions" else member[0].lower() + member[1:]
            raise broken_constraint(
                f"[{', '.join(arns)}]", name, f"Member must have length less than or equal to {ALARM_ACTIONS_MAX}"
            )
        for arn in arns:
            parsed = find_arn(arn)
            if parsed is None:
                raise ValidationError(f"Invalid arn syntax: {arn}")
            if parsed.service not in _ACTION_SERVICES:
                raise ValidationError(f"Invalid arn: {arn}. Unsupported action service {parsed.service}")


def _check_threshold(request: Wire) -> None:
    comparison = request["ComparisonOperator"]
    check_enum(comparison, "comparisonOperator", _OPERATORS)
    if comparison not in COMPARISONS:
        raise ValidationError(f"The comparison operator {comparison} needs ThresholdMetricId, which is not supported.")
    if "Threshold" not in request:
        raise ValidationError("The parameter Threshold is required for alarms on static thresholds.")
    check_enum(request.get("TreatMissingData", "missing"), "treatMissingData", TREATMENTS)
    low = request.get("EvaluateLowSampleCountPercentile")
    if low is not None:
        check_enum(low, "evaluateLowSampleCountPercentile", ("evaluate", "ignore"))
        if "ExtendedStatistic" not in request:
            raise ValidationError("EvaluateLowSampleCountPercentile is only for alarms on percentiles.")


def _check_single(request: Wire) -> None:
    for member in ("MetricName", "Namespace", "Period"):
        if member not in request:
            raise ValidationError(f"The parameter {member} is required for an alarm on one metric.")
    check_dimensions(request.get("Dimensions", []), "Dimensions")
    check_unit(request.get("Unit"), "Unit")
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise ValidationError("Exactly one of Statistic or ExtendedStatistic must be specified.")
    if "Statistic" in request:
        check_enum(request["Statistic"], "statistic", SIMPLE)
    else:
        stat = find_stat(request["ExtendedStatistic"])
        if stat is None or not stat.needs_values:
            raise ValidationError(
                f"The value {request['ExtendedStatistic']} for parameter ExtendedStatistic is not supported."
            )
    if not is_period(request["Period"], (10, 20, 30)):
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")


def _check_metrics(request: Wire) -> None:
    given = [member for member in _SINGLE if member in request]
    if given:
        raise ValidationError(f"The parameters Metrics and {given[0]} are mutually exclusive.")
    queries: list[dict[str, Any]] = request["Metrics"]
    if not queries:
        raise ValidationError("The collection Metrics must not be empty.")
    if sum("MetricStat" in query for query in queries) > ALARM_METRICS_MAX:
        raise ValidationError(f"An alarm's expression may use {ALARM_METRICS_MAX} metrics at most.")
    check_queries(queries)
    if sum(query.get("ReturnData", True) for query in queries) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    periods = {query["MetricStat"]["Period"] for query in queries if "MetricStat" in query}
    if len(periods) > 1:
        raise ValidationError("Period must be consistent across all metrics.")


def _check_positive(value: int, member: str) -> None:
    if value < 1:
        raise broken_constraint(value, member, "Member must have value greater than or equal to 1")
