"""Putting and listing metrics.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import math

from onebox.runtime.metrics import Dimensions, Statistic
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from onebox.services.cloudwatch.limits import (
    DATUM_AGE_MS_MAX,
    DATUM_FUTURE_MS_MAX,
    LIST_METRICS_AGE_MS,
    LIST_METRICS_PAGE,
    LIST_METRICS_RECENT_MS,
    METRICS_PER_PUT_MAX,
    VALUE_MAX,
    VALUES_PER_METRIC_MAX,
)
from onebox.services.cloudwatch.model import Datum, MetricId, sorted_dimensions
from onebox.services.cloudwatch.validation import (
    check_dimensions,
    check_enum,
    check_namespace,
    check_text,
    check_unit,
)
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token

_SCAN_PAGES = 10
"""ListMetrics looks at so many pages of metrics for one answer that filters by dimensions."""


def put_metric_data(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Store samples; all of them or, if one is wrong, none."""
    check_namespace(request["Namespace"])
    entities = request.get("EntityMetricData", [])
    data = [*request.get("MetricData", []), *(datum for entity in entities for datum in entity.get("MetricData", []))]
    if not data:
        raise MissingRequiredParameterException("The parameter MetricData is required.")
    if len(data) > METRICS_PER_PUT_MAX:
        raise InvalidParameterValueException(
            f"The collection MetricData must not have a size greater than {METRICS_PER_PUT_MAX}."
        )
    for datum in [
        parse_datum(context, request["Namespace"], wire, f"MetricData.member.{place}")
        for place, wire in enumerate(data, 1)
    ]:
        core.metrics.add(datum)
        core.signals.metric_changed(datum.metric)
    return {}


def parse_datum(context: RequestContext, namespace: str, wire: Wire, member: str) -> Datum:
    """One element of MetricData, checked."""
    check_text(wire["MetricName"], f"{member}.MetricName", 255)
    dimensions = wire.get("Dimensions", [])
    check_dimensions(dimensions, f"{member}.Dimensions")
    unit = wire.get("Unit", "None")
    check_unit(unit, f"{member}.Unit")
    resolution_s = wire.get("StorageResolution", 60)
    if resolution_s not in (1, 60):
        raise InvalidParameterValueException(f"The parameter {member}.StorageResolution must be 1 or 60.")
    at_ms = wire.get("Timestamp", context.now_ms)
    if at_ms < context.now_ms - DATUM_AGE_MS_MAX:
        raise InvalidParameterValueException(
            f"The parameter {member}.Timestamp must specify a time within the past two weeks."
        )
    if at_ms > context.now_ms + DATUM_FUTURE_MS_MAX:
        raise InvalidParameterValueException(
            f"The parameter {member}.Timestamp must specify a time no more than two hours in the future."
        )
    metric = MetricId(context.account, context.region, namespace, wire["MetricName"], sorted_dimensions(dimensions))
    return Datum(metric, unit, at_ms, _parse_statistic(wire, member), resolution_s == 1)


def _parse_statistic(wire: Wire, member: str) -> Statistic:
    given = [name for name in ("Value", "StatisticValues", "Values") if wire.get(name) is not None]
    if not given:
        raise MissingRequiredParameterException(
            f"At least one of the parameters {member}.Value, {member}.Values or {member}.StatisticValues"
            " must be specified."
        )
    if "Value" in given and len(given) > 1:
        raise InvalidParameterCombinationException(
            f"The parameters {member}.{given[0]} and {member}.{given[1]} are mutually exclusive and you have"
            " specified both."
        )
    if "StatisticValues" in given:
        statistic = _parse_statistic_set(wire["StatisticValues"], f"{member}.StatisticValues")
        if "Values" in given:
            statistic.merge(_parse_values(wire, member, "Values"))
        return statistic
    return _parse_values(wire, member, given[0])


def _parse_values(wire: Wire, member: str, given: str) -> Statistic:
    values = wire["Values"] if given == "Values" else [wire["Value"]]
    counts = wire.get("Counts") or [1.0] * len(values)
    if not values or len(values) > VALUES_PER_METRIC_MAX:
        raise InvalidParameterValueException(
            f"The collection {member}.Values must have a size between 1 and {VALUES_PER_METRIC_MAX}."
        )
    if len(counts) != len(values):
        raise InvalidParameterValueException(
            f"The parameters {member}.Values and {member}.Counts must have the same size."
        )
    for value, count in zip(values, counts, strict=True):
        _check_number(value, f"{member}.{given}")
        if not (math.isfinite(count) and 0 < count <= VALUE_MAX):
            raise InvalidParameterValueException(f"The value {count} for parameter {member}.Counts is invalid.")
    statistic = Statistic(0, 0, min(values), max(values), {})
    for value, count in zip(values, counts, strict=True):
        statistic.add(float(value), float(count))
    return statistic


def _parse_statistic_set(wire: Wire, member: str) -> Statistic:
    for name in ("SampleCount", "Sum", "Minimum", "Maximum"):
        _check_number(wire[name], f"{member}.{name}")
    if wire["SampleCount"] <= 0:
        raise InvalidParameterValueException(f"The value for parameter {member}.SampleCount must be positive.")
    if wire["Maximum"] < wire["Minimum"]:
        raise InvalidParameterValueException(f"The parameter {member}.Maximum must be greater than {member}.Minimum.")
    return Statistic(float(wire["SampleCount"]), float(wire["Sum"]), float(wire["Minimum"]), float(wire["Maximum"]))


def _check_number(value: float, parameter: str) -> None:
    if not math.isfinite(value) or abs(value) > VALUE_MAX:
        raise InvalidParameterValueException(f"The value {value} for parameter {parameter} is invalid.")


async def list_metrics(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Metrics with datapoints in the last two weeks (or three hours); filters by dimensions may give short pages."""
    wanted = request.get("Dimensions", [])
    recently = request.get("RecentlyActive")
    if recently is not None:
        check_enum(recently, "recentlyActive", ("PT3H",))
    after = read_token(request.get("NextToken"), InvalidNextToken, str, str, str) or ("", "", "")
    await core.collector.collect(context.now_ms)
    limit = LIST_METRICS_PAGE * (_SCAN_PAGES if wanted else 1)
    found = core.metrics.list_metrics(
        context.account,
        context.region,
        namespace=request.get("Namespace"),
        name=request.get("MetricName"),
        since_ms=context.now_ms - (LIST_METRICS_RECENT_MS if recently else LIST_METRICS_AGE_MS),
        after=after,
        limit=limit + 1,
    )
    page: list[Wire] = []
    last: tuple[str, str, str] | None = None
    for namespace, name, dimensions, place in found[:limit]:
        if len(page) == LIST_METRICS_PAGE:
            break
        last = place
        if _has_dimensions(dimensions, wanted):
            page.append(_metric_item(namespace, name, dimensions))
    more = last is not None and last != found[-1][3]
    return {"Metrics": page, "NextToken": make_token(*last) if more and last else None}


def _has_dimensions(dimensions: Dimensions, wanted: list[dict[str, str]]) -> bool:
    known = dict(dimensions)
    return all(
        dimension["Name"] in known and dimension.get("Value") in (None, known[dimension["Name"]])
        for dimension in wanted
    )


def _metric_item(namespace: str, name: str, dimensions: Dimensions) -> Wire:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
    }
