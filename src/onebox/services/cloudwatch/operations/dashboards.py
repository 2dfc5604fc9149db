"""Dashboards.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from onebox.arn import make_arn
from onebox.services.cloudwatch.errors import (
    DashboardInvalidInputError,
    DashboardNotFoundError,
    InvalidParameterValueException,
)
from onebox.services.cloudwatch.operations.tags import parse_tags
from onebox.services.cloudwatch.tokens import decode_token, encode_token
from onebox.services.context import RequestContext, Wire

if TYPE_CHECKING:
    from onebox.services.cloudwatch.service import CloudWatch

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_WIDGETS_MAX = 500
_PAGE = 1_000
_WIDGET_TYPES = ("metric", "text", "log", "alarm", "explorer", "custom")
_SIZES = (("x", 0, 23), ("y", 0, None), ("width", 1, 24), ("height", 1, 1000))


def put_dashboard(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
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
    is_new = cloudwatch.dashboard_store.find_body(context.account, name) is None
    cloudwatch.dashboard_store.put(context.account, name, request["DashboardBody"], context.now_ms)
    if is_new:
        cloudwatch.tag_store.put(dashboard_arn(context, name), tags)
    return {"DashboardValidationMessages": []}


def get_dashboard(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    name = request["DashboardName"]
    body = cloudwatch.dashboard_store.find_body(context.account, name)
    if body is None:
        raise DashboardNotFoundError(f"Dashboard {name} does not exist")
    return {"DashboardArn": dashboard_arn(context, name), "DashboardBody": body, "DashboardName": name}


def list_dashboards(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    after = decode_token(request["NextToken"], str)[0] if "NextToken" in request else ""
    prefix = request.get("DashboardNamePrefix", "")
    rows = cloudwatch.dashboard_store.page(context.account, prefix, after, _PAGE + 1)
    return {
        "DashboardEntries": [
            {
                "DashboardName": name,
                "DashboardArn": dashboard_arn(context, name),
                "LastModified": modified_at_ms,
                "Size": size_bytes,
            }
            for name, modified_at_ms, size_bytes in rows[:_PAGE]
        ],
        "NextToken": encode_token([rows[_PAGE - 1][0]]) if len(rows) > _PAGE else None,
    }


def delete_dashboards(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    """Delete all of them, or none if one does not exist."""
    names = request["DashboardNames"]
    missing = [name for name in names if cloudwatch.dashboard_store.find_body(context.account, name) is None]
    if missing:
        raise DashboardNotFoundError(f"Dashboard {missing[0]} does not exist")
    for name in names:
        cloudwatch.dashboard_store.delete(context.account, name)
        cloudwatch.tag_store.delete_all(dashboard_arn(context, name))
    return {}


def dashboard_arn(context: RequestContext, name: str) -> str:
    return make_arn("cloudwatch", "", context.account, f"dashboard/{name}", partition_region=context.region)


def find_faults(body: str) -> list[dict[str, str]]:
    """What is wrong with a dashboard's body: where (DataPath) and why (Message). Pure."""
    try:
        document = json.loads(body)
    except ValueError:
        return [_fault("", "The field DashboardBody must be a valid JSON object")]
    if not isinstance(document, dict):
        return [_fault("", "The field DashboardBody must be a valid JSON object")]
    widgets = document.get("widgets")
    if widgets is None:
        return [_fault("/widgets", "Should have property widgets")]
    if not isinstance(widgets, list):
        return [_fault("/widgets", "Should be an array")]
    if len(widgets) > _WIDGETS_MAX:
        return [_fault("/widgets", f"Should not have more than {_WIDGETS_MAX} items")]
    return [fault for place, widget in enumerate(widgets) for fault in _widget_faults(place, widget)]


def _widget_faults(place: int, widget: Any) -> list[dict[str, str]]:
    path = f"/widgets/{place}"
    if not isinstance(widget, dict):
        return [_fault(path, "Should be an object")]
    faults = []
    if widget.get("type") not in _WIDGET_TYPES:
        faults.append(_fault(f"{path}/type", f"Should be one of {', '.join(_WIDGET_TYPES)}"))
    if not isinstance(widget.get("properties"), dict):
        faults.append(_fault(f"{path}/properties", "Should have property properties"))
    for member, lowest, highest in _SIZES:
        value = widget.get(member, lowest)
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            faults.append(_fault(f"{path}/{member}", f"Should be an integer >= {lowest}"))
        elif highest is not None and value > highest:
            faults.append(_fault(f"{path}/{member}", f"Should be <= {highest}"))
    return faults


def _fault(path: str, message: str) -> dict[str, str]:
    return {"DataPath": path, "Message": message}


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidParameterValueException(
            "The value for field DashboardName contains invalid characters. It can only contain alphanumerics,"
            " dash (-) and underscore (_).\n"
        )
    return name
