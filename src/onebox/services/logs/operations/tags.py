"""Tags of log groups, in the new form (by ARN) and the old one (by name)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    TooManyTagsException,
)
from onebox.services.logs.limits import TAGS_MAX
from onebox.services.logs.model import LogGroup
from onebox.services.logs.validation import check_group_name, check_tags, find_group_name

if TYPE_CHECKING:
    from onebox.services.logs.service import Logs


def tag_resource(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    group = _load_group(logs, context, request["resourceArn"])
    tags = request["tags"]
    check_tags(context, tags)
    if len(logs.store.tags(group.id).keys() | tags.keys()) > TAGS_MAX:
        raise TooManyTagsException(
            "The resource has reached the maximum number of tags.", resourceName=request["resourceArn"]
        )
    logs.store.put_tags(group.id, tags)
    return {}


def untag_resource(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    group = _load_group(logs, context, request["resourceArn"])
    logs.store.delete_tags(group.id, request["tagKeys"])
    return {}


def list_tags_for_resource(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    return {"tags": logs.store.tags(_load_group(logs, context, request["resourceArn"]).id)}


def tag_log_group(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    group = logs.load_group(context, check_group_name(request["logGroupName"]))
    check_tags(context, request["tags"])
    if len(logs.store.tags(group.id).keys() | request["tags"].keys()) > TAGS_MAX:
        raise InvalidParameterException("The resource has reached the maximum number of tags.")
    logs.store.put_tags(group.id, request["tags"])
    return {}


def untag_log_group(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    group = logs.load_group(context, check_group_name(request["logGroupName"]))
    logs.store.delete_tags(group.id, request["tags"])
    return {}


def list_tags_log_group(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    return {"tags": logs.store.tags(logs.load_group(context, check_group_name(request["logGroupName"])).id)}


def _load_group(logs: Logs, context: RequestContext, arn: str) -> LogGroup:
    name = find_group_name(arn)
    if name is None:
        raise InvalidParameterException(f"Invalid resource ARN: {arn}")
    group = logs.store.find_group(context.account, context.region, name)
    if group is None or not arn.startswith(logs.arn(context, "log-group:")):
        raise ResourceNotFoundException("The specified resource does not exist.")
    return group
