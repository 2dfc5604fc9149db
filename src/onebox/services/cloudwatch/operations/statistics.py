"""GetMetricStatistics.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from onebox.runtime.metrics import Statistic
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from onebox.services.cloudwatch.limits import STATISTICS_DATAPOINTS_MAX
from onebox.services.cloudwatch.model import MetricId, Periods, sorted_dimensions
from onebox.services.cloudwatch.reader import rounded_start_ms
from onebox.services.cloudwatch.statistics import SIMPLE, Stat, find_stat
from onebox.services.cloudwatch.validation import (
    check_dimensions,
    check_namespace,
    check_period,
    check_text,
    check_time_range,
    check_unit,
)
from onebox.services.context import RequestContext, Wire


async def get_metric_statistics(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Datapoints by period and unit, at most 1,440."""
    simple, extended = _parse_stats(request)
    check_namespace(request["Namespace"])
    check_text(request["MetricName"], "MetricName", 255)
    check_dimensions(request.get("Dimensions", []), "Dimensions")
    check_unit(request.get("Unit"), "Unit")
    period_s, start_ms, end_ms = request["Period"], request["StartTime"], request["EndTime"]
    check_period(period_s)
    check_time_range(start_ms, end_ms)
    datapoints = -(-(end_ms - start_ms) // (period_s * 1000))
    if datapoints > STATISTICS_DATAPOINTS_MAX:
        raise InvalidParameterCombinationException(
            f"You have requested up to {datapoints} datapoints, which exceeds the limit of"
            f" {STATISTICS_DATAPOINTS_MAX}. You may reduce the datapoints requested by increasing Period, or"
            " decreasing the time range."
        )
    metric = MetricId(
        context.account,
        context.region,
        request["Namespace"],
        request["MetricName"],
        sorted_dimensions(request.get("Dimensions", [])),
    )
    await core.collector.collect(context.now_ms)
    periods = Periods(period_s, rounded_start_ms(start_ms, period_s, context.now_ms), end_ms, request.get("Unit"))
    found = core.reader.by_unit(metric, periods, values=bool(extended))
    return {
        "Label": request["MetricName"],
        "Datapoints": [
            _datapoint(at_ms, unit, statistic, simple, extended) for (at_ms, unit), statistic in found.items()
        ],
    }


def _parse_stats(request: Wire) -> tuple[list[str], dict[str, Stat]]:
    simple, names = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if not simple and not names:
        raise MissingRequiredParameterException("Must specify either Statistics or ExtendedStatistics")
    if simple and names:
        raise InvalidParameterCombinationException(
            "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both."
        )
    for place, name in enumerate(simple, 1):
        if name not in SIMPLE:
            raise InvalidParameterValueException(
                f"The parameter Statistics.member.{place} must be a value in the set [ {', '.join(SIMPLE)} ]."
            )
    extended = {}
    for name in names:
        stat = find_stat(name)
        if stat is None or not stat.needs_values:
            raise InvalidParameterValueException(f"The value {name} for parameter ExtendedStatistics is not supported.")
        extended[name] = stat
    return simple, extended


def _datapoint(at_ms: int, unit: str, statistic: Statistic, simple: list[str], extended: dict[str, Stat]) -> Wire:
    item: Wire = {"Timestamp": at_ms, "Unit": unit}
    for name in simple:
        item[name] = Stat(name).of(statistic)
    values = {name: value for name, stat in extended.items() if (value := stat.of(statistic)) is not None}
    if values:
        item["ExtendedStatistics"] = values
    return item
