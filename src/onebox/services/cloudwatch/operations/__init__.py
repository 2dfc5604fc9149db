"""The API operations of CloudWatch, a file per family."""

from __future__ import annotations

from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.operations import (
    alarm_history,
    alarm_lists,
    alarm_states,
    alarms,
    dashboards,
    metric_data,
    metrics,
    statistics,
    tags,
)
from onebox.services.registry import Operation, OperationTable, WaitingOperation

# What reads metrics collects first, in a transaction of its own: an error in the answer must not undo that.
OPERATIONS: OperationTable[CloudWatchCore] = {
    "PutMetricData": Operation(metrics.put_metric_data),
    "ListMetrics": WaitingOperation(metrics.list_metrics),
    "GetMetricStatistics": WaitingOperation(statistics.get_metric_statistics),
    "GetMetricData": WaitingOperation(metric_data.get_metric_data),
    "PutMetricAlarm": Operation(alarms.put_metric_alarm),
    "PutCompositeAlarm": Operation(alarms.put_composite_alarm),
    "DescribeAlarms": Operation(alarm_lists.describe_alarms, reads_only=True),
    "DescribeAlarmsForMetric": Operation(alarm_lists.describe_alarms_for_metric, reads_only=True),
    "DescribeAlarmHistory": Operation(alarm_history.describe_alarm_history, reads_only=True),
    "DeleteAlarms": Operation(alarms.delete_alarms),
    "SetAlarmState": Operation(alarm_states.set_alarm_state),
    "EnableAlarmActions": Operation(alarms.enable_alarm_actions),
    "DisableAlarmActions": Operation(alarms.disable_alarm_actions),
    "PutDashboard": Operation(dashboards.put_dashboard),
    "GetDashboard": Operation(dashboards.get_dashboard, reads_only=True),
    "ListDashboards": Operation(dashboards.list_dashboards, reads_only=True),
    "DeleteDashboards": Operation(dashboards.delete_dashboards),
    "TagResource": Operation(tags.tag_resource),
    "UntagResource": Operation(tags.untag_resource),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, reads_only=True),
}
