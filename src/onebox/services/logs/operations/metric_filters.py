"""Metric filters.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
"""

from __future__ import annotations

import json

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from onebox.services.logs.limits import (
    DESCRIBE_ITEMS_MAX,
    METRIC_FILTER_DIMENSIONS_MAX,
    METRIC_FILTERS_PER_GROUP_MAX,
)
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.patterns.pattern import find_number
from onebox.services.logs.tokens import invalid_token
from onebox.services.logs.validation import (
    broken_constraint,
    check_group_name,
    check_length,
    check_lengths,
    check_metric_name,
    check_metric_namespace,
    check_stream_name,
    parse_limit,
)
from onebox.services.paging import make_token, read_token

_UNSUPPORTED = ("fieldSelectionCriteria", "emitSystemFieldDimensions")


def put_metric_filter(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Make or replace a metric filter of a log group: its pattern and the metric that it feeds."""
    check_lengths(request, filterName=512, logGroupName=512)
    group_name = check_group_name(request["logGroupName"])
    name = check_stream_name(request["filterName"], "filterName")
    pattern = request["filterPattern"]
    check_length(pattern, "filterPattern", 0, 1024)
    parse_pattern(pattern)
    transformations = request["metricTransformations"]
    _check_transformations(transformations)
    if request.get("applyOnTransformedLogs") or any(request.get(member) for member in _UNSUPPORTED):
        raise InvalidParameterException("The log group has no transformer or system fields to apply.")
    group = core.load_group(context, group_name)
    known = {row[0] for row in core.metric_filters.of(group.id)}
    if name not in known and len(known) >= METRIC_FILTERS_PER_GROUP_MAX:
        raise LimitExceededException("Resource limit exceeded.")
    core.metric_filters.put(group.id, name, pattern, transformations, context.now_ms)
    return {}


def delete_metric_filter(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a metric filter. Raises ResourceNotFoundException if it does not exist."""
    check_lengths(request, filterName=512, logGroupName=512)
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    if not core.metric_filters.delete(group.id, request["filterName"]):
        raise ResourceNotFoundException("The specified metric filter does not exist.")
    return {}


def describe_metric_filters(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Metric filters of a log group or of a metric, a page at a time."""
    check_lengths(request, filterNamePrefix=512, logGroupName=512, metricName=255, metricNamespace=255)
    limit = parse_limit(request, DESCRIBE_ITEMS_MAX)
    metric, namespace = request.get("metricName"), request.get("metricNamespace")
    if (metric is None) != (namespace is None):
        raise InvalidParameterException("metricName and metricNamespace must be given together.")
    group_name = request.get("logGroupName")
    if group_name is not None:
        core.load_group(context, check_group_name(group_name))
    after = read_token(request.get("nextToken"), invalid_token, str, str) or ("", "")
    prefix = request.get("filterNamePrefix", "")
    rows = core.metric_filters.page(
        context.account, context.region, group=group_name, prefix=prefix, after=after, limit=limit + 1
    )
    page = rows[:limit]
    filters = [
        {
            "logGroupName": group,
            "filterName": name,
            "creationTime": created_at_ms,
            "filterPattern": pattern,
            "metricTransformations": json.loads(transformations),
        }
        for group, name, created_at_ms, pattern, transformations in page
    ]
    return {
        "metricFilters": [item for item in filters if metric is None or _feeds(item, metric, namespace)],
        "nextToken": make_token(page[-1][0], page[-1][1]) if len(rows) > limit else None,
    }


def test_metric_filter(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The messages that a pattern matches, with the values that it extracts."""
    check_length(request["filterPattern"], "filterPattern", 0, 1024)
    pattern = parse_pattern(request["filterPattern"])
    messages = request["logEventMessages"]
    if not 1 <= len(messages) <= 50:
        bound = "greater than or equal to 1" if not messages else "less than or equal to 50"
        raise broken_constraint(f"[{len(messages)} messages]", "logEventMessages", f"Member must have length {bound}")
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": message, "extractedValues": dict(extracted)}
            for number, message in enumerate(messages, 1)
            if (extracted := pattern.extract(message)) is not None
        ]
    }


test_metric_filter.__test__ = False  # type: ignore[attr-defined]  # the API's name, not a test of ours


def _feeds(item: Wire, metric: str, namespace: str | None) -> bool:
    return any(
        transformation["metricName"] == metric and transformation["metricNamespace"] == namespace
        for transformation in item["metricTransformations"]
    )


def _check_transformations(transformations: list[Wire]) -> None:
    if len(transformations) != 1:
        bound = "greater than or equal to 1" if not transformations else "less than or equal to 1"
        raise broken_constraint(
            f"[{len(transformations)} transformations]",
            "metricTransformations",
            f"Member must have length {bound}",
        )
    transformation = transformations[0]
    check_metric_name(transformation["metricName"], "metricTransformations.1.member.metricName")
    check_metric_namespace(transformation["metricNamespace"], "metricTransformations.1.member.metricNamespace")
    value = transformation["metricValue"]
    check_length(value, "metricTransformations.1.member.metricValue", 0, 100)
    if not value.startswith("$") and find_number(value) is None:
        raise InvalidParameterException(f"Invalid metric transformation: metricValue '{value}' is not a number.")
    dimensions = transformation.get("dimensions", {})
    if len(dimensions) > METRIC_FILTER_DIMENSIONS_MAX:
        raise InvalidParameterException(f"The number of dimensions may not exceed {METRIC_FILTER_DIMENSIONS_MAX}.")
    if dimensions and "defaultValue" in transformation:
        raise InvalidParameterException(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
        )
