"""GetMetricData.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import InvalidNextToken, ValidationError
from onebox.services.cloudwatch.limits import METRIC_DATA_DATAPOINTS_MAX, METRIC_DATA_QUERIES_MAX
from onebox.services.cloudwatch.metric_math.values import TimeSeries
from onebox.services.cloudwatch.metric_queries import Results, Window, check_queries
from onebox.services.cloudwatch.reader import rounded_start_ms
from onebox.services.cloudwatch.validation import check_enum, check_range
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token

_SCANS = ("TimestampDescending", "TimestampAscending")


async def get_metric_data(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Series by query, newest datapoint first unless asked otherwise, in pages of MaxDatapoints."""
    queries = request["MetricDataQueries"]
    if not 1 <= len(queries) <= METRIC_DATA_QUERIES_MAX:
        raise ValidationError(
            "The collection MetricDataQueries must have a size between 1 and"
            f" {METRIC_DATA_QUERIES_MAX}, and has {len(queries)}."
        )
    check_queries(queries)
    scan = request.get("ScanBy", "TimestampDescending")
    check_enum(scan, "scanBy", _SCANS)
    limit = request.get("MaxDatapoints", METRIC_DATA_DATAPOINTS_MAX)
    check_range(limit, "maxDatapoints", 1, METRIC_DATA_DATAPOINTS_MAX)
    start_ms, end_ms = request["StartTime"], request["EndTime"]
    if start_ms >= end_ms:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    place = read_token(request.get("NextToken"), InvalidNextToken, int)
    skipped = 0 if place is None else max(0, place[0])
    _check_size(queries, start_ms, end_ms)
    shortest_s = min((query["MetricStat"]["Period"] for query in queries if "MetricStat" in query), default=60)
    window = Window(context.account, context.region, rounded_start_ms(start_ms, shortest_s, context.now_ms), end_ms)
    await core.collector.collect(context.now_ms)

    def shown(found: Results) -> tuple[list[Wire], bool]:
        by_id = [(query["Id"], series) for query, all_series in found for series in all_series]
        return _page(by_id, scan == "TimestampDescending", skipped, limit)

    results, more = await core.queries.show(queries, window, shown)
    return {
        "MetricDataResults": results,
        "Messages": [],
        "NextToken": make_token(skipped + limit) if more else None,
    }


def _check_size(queries: list[Wire], start_ms: int, end_ms: int) -> None:
    """Refuse what could not be answered, even in pages, before anything is read."""
    datapoints = sum(
        (end_ms - start_ms) // (query["MetricStat"]["Period"] * 1000) for query in queries if "MetricStat" in query
    )
    if datapoints > 10 * METRIC_DATA_DATAPOINTS_MAX:
        raise ValidationError(
            f"You have requested up to {datapoints} datapoints, which exceeds the limit of"
            f" {10 * METRIC_DATA_DATAPOINTS_MAX}. You may reduce the datapoints requested by increasing Period, or"
            " decreasing the time range."
        )


def _page(found: list[tuple[str, TimeSeries]], descending: bool, skipped: int, limit: int) -> tuple[list[Wire], bool]:
    """The results from datapoint ``skipped`` on, ``limit`` datapoints in all; whether more are left."""
    results: list[Wire] = []
    before = 0
    end = skipped + limit
    total = sum(len(series.values) for _, series in found)
    for query_id, series in found:
        points = sorted(series.values.items(), reverse=descending)
        after = before + len(points)
        part = points[max(0, skipped - before) : max(0, end - before)]
        if part or (not points and skipped == 0):
            results.append(
                {
                    "Id": query_id,
                    "Label": series.label,
                    "Timestamps": [at_ms for at_ms, _ in part],
                    "Values": [value for _, value in part],
                    "StatusCode": "PartialData" if after > end else "Complete",
                }
            )
        before = after
    return results, total > end
