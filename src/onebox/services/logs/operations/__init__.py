"""The API operations of CloudWatch Logs, a file per family."""

from __future__ import annotations

from onebox.services.logs.core import LogsCore
from onebox.services.logs.operations import (
    deliveries,
    events,
    groups,
    metric_filters,
    resource_policies,
    search,
    streams,
    subscriptions,
    tags,
)
from onebox.services.registry import Operation, OperationTable, WaitingOperation

OPERATIONS: OperationTable[LogsCore] = {
    "CreateLogGroup": Operation(groups.create_log_group),
    "DeleteLogGroup": Operation(groups.delete_log_group),
    "DescribeLogGroups": Operation(groups.describe_log_groups, reads_only=True),
    "PutRetentionPolicy": Operation(groups.put_retention_policy),
    "DeleteRetentionPolicy": Operation(groups.delete_retention_policy),
    "PutLogGroupDeletionProtection": Operation(groups.put_log_group_deletion_protection),
    "CreateLogStream": Operation(streams.create_log_stream),
    "DeleteLogStream": Operation(streams.delete_log_stream),
    "DescribeLogStreams": Operation(streams.describe_log_streams, reads_only=True),
    "PutLogEvents": WaitingOperation(events.put_log_events),
    "GetLogEvents": Operation(events.get_log_events, reads_only=True),
    "FilterLogEvents": WaitingOperation(search.filter_log_events),
    "TagResource": Operation(tags.tag_resource),
    "UntagResource": Operation(tags.untag_resource),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, reads_only=True),
    "TagLogGroup": Operation(tags.tag_log_group),
    "UntagLogGroup": Operation(tags.untag_log_group),
    "ListTagsLogGroup": Operation(tags.list_tags_log_group, reads_only=True),
    "PutMetricFilter": Operation(metric_filters.put_metric_filter),
    "DeleteMetricFilter": Operation(metric_filters.delete_metric_filter),
    "DescribeMetricFilters": Operation(metric_filters.describe_metric_filters, reads_only=True),
    "TestMetricFilter": Operation(metric_filters.test_metric_filter, reads_only=True),
    "DescribeSubscriptionFilters": Operation(subscriptions.describe_subscription_filters, reads_only=True),
    "PutSubscriptionFilter": Operation(subscriptions.put_subscription_filter),
    "DeleteSubscriptionFilter": Operation(subscriptions.delete_subscription_filter),
    "ListLogGroups": Operation(groups.list_log_groups, reads_only=True),
    "PutResourcePolicy": Operation(resource_policies.put_resource_policy),
    "DescribeResourcePolicies": Operation(resource_policies.describe_resource_policies, reads_only=True),
    "DeleteResourcePolicy": Operation(resource_policies.delete_resource_policy),
    "PutDeliverySource": Operation(deliveries.put_delivery_source),
    "GetDeliverySource": Operation(deliveries.get_delivery_source, reads_only=True),
    "GetDeliveryDestination": Operation(deliveries.get_delivery_destination, reads_only=True),
    "DeleteDeliveryDestination": Operation(deliveries.get_delivery_destination),
    "DescribeDestinations": Operation(deliveries.describe_destinations, reads_only=True),
}
