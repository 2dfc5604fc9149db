"""What a request requires of its caller: actions and resources.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""

from __future__ import annotations

from functools import partial

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.logs.condition_keys import find_condition_keys
from onebox.services.logs.core import LogsCore
from onebox.services.logs.operations import OPERATIONS
from onebox.services.logs.operations.records import find_record
from onebox.services.logs.validation import find_group_name
from onebox.services.registry import Access, ConditionKeys, access_to

_STREAM_OPERATIONS = ("CreateLogStream", "DeleteLogStream", "PutLogEvents", "GetLogEvents")


def required_access(core: LogsCore, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the group or stream that the request names."""
    needed: list[Access] = []
    for group in _group_names(core, context, request):
        keys = partial(_find_condition_keys, core, context, group, request)
        resource = _resource(context, operation, request, group)
        accesses = access_to("logs", OPERATIONS, operation, [resource])
        needed.extend(access._replace(find_condition_keys=keys) for access in accesses)
    return needed


def _find_condition_keys(core: LogsCore, context: RequestContext, group_name: str, request: Wire) -> ConditionKeys:
    group = core.groups.find(context.account, context.region, group_name)
    return find_condition_keys({} if group is None else core.tags.of(group.id), request)


def _group_names(core: LogsCore, context: RequestContext, request: Wire) -> list[str]:
    """The groups that a request names: one, or those of a query; an empty name where there is none."""
    pointer = request.get("logRecordPointer")
    if pointer is not None:
        record = find_record(core, context, pointer)
        return ["" if record is None else record[1].name]
    arn = request.get("resourceArn")
    several = request.get("logGroupIdentifiers") or request.get("logGroupNames")
    one = request.get("logGroupName") or request.get("logGroupIdentifier") or arn
    identifiers: list[str] = [one] if one else several or [""]
    return [find_group_name(identifier) or identifier for identifier in identifiers]


def _resource(context: RequestContext, operation: str, request: Wire, group: str) -> str:
    """The group's or stream's ARN; AWS names a stream, be it empty, in every one of them."""
    stream = request.get("logStreamName", "") if operation in _STREAM_OPERATIONS else ""
    return make_arn("logs", context.region, context.account, f"log-group:{group}:log-stream:{stream}")
