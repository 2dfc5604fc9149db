"""DescribeAlarmHistory."""

from __future__ import annotations

from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import InvalidNextToken
from onebox.services.cloudwatch.model import TYPES
from onebox.services.cloudwatch.validation import check_enum, check_range
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token

_ITEM_TYPES = (
    "ConfigurationUpdate",
    "StateUpdate",
    "Action",
    "AlarmContributorStateUpdate",
    "AlarmContributorAction",
)
_FOREVER_MS = 1 << 62


def describe_alarm_history(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """History items, newest first unless asked otherwise; those of deleted alarms too."""
    item_type = request.get("HistoryItemType")
    if item_type is not None:
        check_enum(item_type, "historyItemType", _ITEM_TYPES)
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    for type_ in types:
        check_enum(type_, "alarmTypes", TYPES)
    scan = request.get("ScanBy", "TimestampDescending")
    check_enum(scan, "scanBy", ("TimestampDescending", "TimestampAscending"))
    limit = request.get("MaxRecords", 100)
    check_range(limit, "maxRecords", 1, 100)
    after = read_token(request.get("NextToken"), InvalidNextToken, int, int)
    items = core.history.page(
        context.account,
        context.region,
        alarm_name=request.get("AlarmName"),
        types=types,
        item_type=item_type,
        start_ms=request.get("StartDate", 0),
        end_ms=request.get("EndDate", _FOREVER_MS),
        descending=scan == "TimestampDescending",
        after=after,
        limit=limit + 1,
    )
    page = items[:limit]
    return {
        "AlarmHistoryItems": [
            {
                "AlarmName": item.alarm_name,
                "AlarmType": item.alarm_type,
                "Timestamp": item.at_ms,
                "HistoryItemType": item.item_type,
                "HistorySummary": item.summary,
                "HistoryData": item.data,
            }
            for item in page
        ],
        "NextToken": make_token(page[-1].at_ms, page[-1].id) if len(items) > limit else None,
    }
