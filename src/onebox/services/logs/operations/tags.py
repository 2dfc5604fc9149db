"""Tags of log groups, in the new form (by ARN) and the old one (by name)."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    TooManyTagsException,
)
from onebox.services.logs.limits import TAGS_MAX
from onebox.services.logs.model import LogGroup
from onebox.services.logs.validation import check_group_name, check_tags, find_group_name


def tag_resource(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Add tags to the log group of an ARN. Raises TooManyTagsException above 50."""
    group = _load_group(core, context, request["resourceArn"])
    tags = request["tags"]
    check_tags(context, tags)
    if len(core.tags.of(group.id).keys() | tags.keys()) > TAGS_MAX:
        raise TooManyTagsException(
            "The resource has reached the maximum number of tags.", resourceName=request["resourceArn"]
        )
    core.tags.put(group.id, tags)
    return {}


def untag_resource(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Remove tags from the log group of an ARN."""
    group = _load_group(core, context, request["resourceArn"])
    core.tags.delete(group.id, request["tagKeys"])
    return {}


def list_tags_for_resource(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The tags of the log group of an ARN."""
    return {"tags": core.tags.of(_load_group(core, context, request["resourceArn"]).id)}


def tag_log_group(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Add tags to a log group by name: the old form of TagResource."""
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    check_tags(context, request["tags"])
    if len(core.tags.of(group.id).keys() | request["tags"].keys()) > TAGS_MAX:
        raise InvalidParameterException("The resource has reached the maximum number of tags.")
    core.tags.put(group.id, request["tags"])
    return {}


def untag_log_group(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Remove tags from a log group by name: the old form of UntagResource."""
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    core.tags.delete(group.id, request["tags"])
    return {}


def list_tags_log_group(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The tags of a log group by name: the old form of ListTagsForResource."""
    return {"tags": core.tags.of(core.load_group(context, check_group_name(request["logGroupName"])).id)}


def _load_group(core: LogsCore, context: RequestContext, arn: str) -> LogGroup:
    name = find_group_name(arn)
    if name is None:
        raise InvalidParameterException(f"Invalid resource ARN: {arn}")
    group = core.groups.find(context.account, context.region, name)
    if group is None or not arn.startswith(core.arn(context, "log-group:")):
        raise ResourceNotFoundException("The specified resource does not exist.")
    return group
