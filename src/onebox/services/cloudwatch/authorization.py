"""What a request requires of its caller: actions and resources.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

from functools import partial

from onebox.services.cloudwatch.arns import alarm_arn, dashboard_arn
from onebox.services.cloudwatch.condition_keys import find_condition_keys
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.operations import OPERATIONS
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access, ConditionKeys, access_to


def required_access(core: CloudWatchCore, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on each alarm or dashboard that the request names; metrics have no ARN."""
    return [
        access._replace(find_condition_keys=partial(_find_condition_keys, core, access.resource, operation, request))
        for access in access_to("cloudwatch", OPERATIONS, operation, _resources(context, request))
    ]


def _find_condition_keys(core: CloudWatchCore, resource: str, operation: str, request: Wire) -> ConditionKeys:
    return find_condition_keys(operation, core.tags.of(resource), request)


def _resources(context: RequestContext, request: Wire) -> list[str]:
    if "ResourceARN" in request:
        return [request["ResourceARN"]]
    alarms = request.get("AlarmNames") or ([request["AlarmName"]] if "AlarmName" in request else [])
    dashboards = request.get("DashboardNames") or ([request["DashboardName"]] if "DashboardName" in request else [])
    return [
        *(alarm_arn(context.account, context.region, name) for name in alarms),
        *(dashboard_arn(context.account, context.region, name) for name in dashboards),
    ] or ["*"]
