"""What a request requires of its caller: actions and resources.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.logs.operations import OPERATIONS
from onebox.services.logs.validation import find_group_name
from onebox.services.registry import Access, access_to

_STREAM_OPERATIONS = ("CreateLogStream", "DeleteLogStream", "PutLogEvents", "GetLogEvents")


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the group or stream that the request names."""
    return access_to("logs", OPERATIONS, operation, [_resource(context, operation, request)])


def _resource(context: RequestContext, operation: str, request: Wire) -> str:
    """The group's or stream's ARN; AWS names a stream, be it empty, in every one of them."""
    arn = request.get("resourceArn")
    identifier = request.get("logGroupName") or request.get("logGroupIdentifier") or arn or ""
    group = find_group_name(identifier) or identifier
    stream = request.get("logStreamName", "") if operation in _STREAM_OPERATIONS else ""
    return make_arn("logs", context.region, context.account, f"log-group:{group}:log-stream:{stream}")
