"""Dashboards.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import re

from onebox.services.cloudwatch.arns import dashboard_arn
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.dashboard_body import find_faults
from onebox.services.cloudwatch.errors import (
    DashboardInvalidInputError,
    DashboardNotFoundError,
    InvalidNextToken,
    InvalidParameterValueException,
)
from onebox.services.cloudwatch.validation import parse_tags
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_PAGE = 1_000


def put_dashboard(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Create or replace; what is wrong with the body comes back as validation messages, an error if it is grave."""
    name = _check_name(request["DashboardName"])
    messages = find_faults(request["DashboardBody"])
    if messages:
        raise DashboardInvalidInputError(
            "The field DashboardBody must be a valid JSON object"
            if messages[0]["DataPath"] == ""
            else f"The dashboard body is invalid, there are {len(messages)} validation errors: {messages}",
            dashboardValidationMessages=messages,
        )
    tags = parse_tags(context, request.get("Tags", []))
    is_new = core.dashboards.find_body(context.account, name) is None
    core.dashboards.put(context.account, name, request["DashboardBody"], context.now_ms)
    if is_new:
        core.tags.put(dashboard_arn(context.account, context.region, name), tags)
    return {"DashboardValidationMessages": []}


def get_dashboard(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """The body of a dashboard. Raises ResourceNotFound."""
    name = request["DashboardName"]
    body = core.dashboards.find_body(context.account, name)
    if body is None:
        raise DashboardNotFoundError(f"Dashboard {name} does not exist")
    return {
        "DashboardArn": dashboard_arn(context.account, context.region, name),
        "DashboardBody": body,
        "DashboardName": name,
    }


def list_dashboards(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Dashboards by name, a page at a time."""
    (after,) = read_token(request.get("NextToken"), InvalidNextToken, str) or ("",)
    prefix = request.get("DashboardNamePrefix", "")
    rows = core.dashboards.page(context.account, prefix, after, _PAGE + 1)
    return {
        "DashboardEntries": [
            {
                "DashboardName": name,
                "DashboardArn": dashboard_arn(context.account, context.region, name),
                "LastModified": modified_at_ms,
                "Size": size_bytes,
            }
            for name, modified_at_ms, size_bytes in rows[:_PAGE]
        ],
        "NextToken": make_token(rows[_PAGE - 1][0]) if len(rows) > _PAGE else None,
    }


def delete_dashboards(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Delete all of them, or none if one does not exist."""
    names = request["DashboardNames"]
    missing = [name for name in names if core.dashboards.find_body(context.account, name) is None]
    if missing:
        raise DashboardNotFoundError(f"Dashboard {missing[0]} does not exist")
    for name in names:
        core.dashboards.delete(context.account, name)
        core.tags.delete_all(dashboard_arn(context.account, context.region, name))
    return {}


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidParameterValueException(
            "The value for field DashboardName contains invalid characters. It can only contain alphanumerics,"
            " dash (-) and underscore (_).\n"
        )
    return name
