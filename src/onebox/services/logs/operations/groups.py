"""Log groups and their retention."""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ValidationException,
)
from onebox.services.logs.limits import DESCRIBE_ITEMS_MAX, LIST_ITEMS_MAX, RETENTION_DAYS, TAGS_MAX
from onebox.services.logs.model import LogGroup
from onebox.services.logs.tokens import invalid_token
from onebox.services.logs.validation import (
    broken_constraint,
    check_enum,
    check_group_name,
    check_length,
    check_pattern,
    check_tags,
    find_group_name,
    parse_group_name,
    parse_limit,
)
from onebox.services.paging import make_token, read_token

_NOT_BY_PATTERN = ("storedBytes", "deletionProtectionEnabled")
_LIST_PATTERN = r"(\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}"
_EXAMINED_MAX = 5_000
"""Groups that one ListLogGroups looks at. The next page goes on where it ends, as pages of AWS may be empty too."""
_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")


def create_log_group(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Make a log group, with tags and a class. Raises ResourceAlreadyExistsException."""
    name = check_group_name(request["logGroupName"])
    log_class = request.get("logGroupClass", "STANDARD")
    check_enum(log_class, "logGroupClass", _CLASSES)
    tags = request.get("tags", {})
    check_tags(context, tags)
    if len(tags) > TAGS_MAX:
        raise broken_constraint(tags, "tags", f"Member must have length less than or equal to {TAGS_MAX}")
    if core.groups.find(context.account, context.region, name) is not None:
        raise ResourceAlreadyExistsException("The specified log group already exists")
    group_id = core.groups.insert(
        context.account,
        context.region,
        name,
        context.now_ms,
        log_class=log_class,
        kms_key_id=request.get("kmsKeyId"),
        deletion_protected=request.get("deletionProtectionEnabled", False),
    )
    core.tags.put(group_id, tags)
    return {}


def delete_log_group(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a log group with its streams and events. Raises ValidationException while deletion protection is on."""
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    if group.deletion_protected:
        raise ValidationException("The log group has deletion protection enabled and cannot be deleted.")
    core.groups.delete(group.id)
    return {}


def put_log_group_deletion_protection(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Switch the deletion protection of a log group on or off."""
    group = core.load_group(context, parse_group_name(request))
    core.groups.set_deletion_protection(group.id, request["deletionProtectionEnabled"])
    return {}


def put_retention_policy(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Set after how many days events expire, one of RETENTION_DAYS."""
    days = request["retentionInDays"]
    if days not in RETENTION_DAYS:
        allowed = ", ".join(map(str, RETENTION_DAYS))
        raise broken_constraint(days, "retentionInDays", f"Member must satisfy enum value set: [{allowed}]")
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    core.groups.set_retention(group.id, days)
    return {}


def delete_retention_policy(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Keep the events of a log group for ever."""
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    core.groups.set_retention(group.id, None)
    return {}


def describe_log_groups(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Groups by name; with ``logGroupNamePattern`` those whose name holds it."""
    limit = parse_limit(request, DESCRIBE_ITEMS_MAX)
    prefix, pattern = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    if prefix is not None:
        check_group_name(prefix, "logGroupNamePrefix")
    if pattern is not None:
        check_length(pattern, "logGroupNamePattern", 0, 512)
        check_pattern(pattern, "logGroupNamePattern", r"[\.\-_/#A-Za-z0-9]*")
    if "logGroupIdentifiers" in request:
        return {"logGroups": _identified(core, context, request["logGroupIdentifiers"])}
    (after,) = read_token(request.get("nextToken"), invalid_token, str) or ("",)
    groups = core.groups.page(
        context.account,
        context.region,
        prefix=prefix or "",
        pattern=pattern or "",
        after=after,
        log_class=request.get("logGroupClass"),
        limit=limit + 1,
    )
    page = groups[:limit]
    return {
        "logGroups": [
            _pattern_item(core, context, group) if pattern is not None else _group_item(core, context, group)
            for group in page
        ],
        "nextToken": make_token(page[-1].name) if len(groups) > limit else None,
    }


def list_log_groups(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Groups by name, in short. The pattern is a text that a name holds, or begins with after ``^``; several are
    joined by ``|``."""
    limit = parse_limit(request, LIST_ITEMS_MAX, DESCRIBE_ITEMS_MAX)
    pattern = request.get("logGroupNamePattern", "")
    check_length(pattern, "logGroupNamePattern", 0, 129)
    if pattern:
        check_pattern(pattern, "logGroupNamePattern", _LIST_PATTERN)
    log_class = request.get("logGroupClass")
    if log_class is not None:
        check_enum(log_class, "logGroupClass", _CLASSES)
    if any(request.get(member) for member in ("dataSources", "fieldIndexNames", "logGroupTags")):
        raise InvalidParameterException("Listing log groups by data source, field index or tag is not supported.")
    (after,) = read_token(request.get("nextToken"), invalid_token, str) or ("",)
    found: list[LogGroup] = []
    examined = 0
    while len(found) <= limit:
        if examined >= _EXAMINED_MAX:
            return _list_page(core, context, found, after)
        page = core.groups.page(
            context.account,
            context.region,
            prefix="",
            pattern="",
            after=after,
            log_class=log_class,
            limit=LIST_ITEMS_MAX,
        )
        found.extend(group for group in page if _is_listed(group.name, pattern))
        if len(page) < LIST_ITEMS_MAX:
            break
        after = page[-1].name
        examined += len(page)
    more = len(found) > limit
    return _list_page(core, context, found[:limit], found[limit - 1].name if more else None)


def _list_page(core: LogsCore, context: RequestContext, groups: Sequence[LogGroup], last: str | None) -> Wire:
    """A page of ListLogGroups; the next one begins after the name ``last``, if it is given."""
    return {
        "logGroups": [
            {
                "logGroupName": group.name,
                "logGroupArn": core.arn(context, f"log-group:{group.name}"),
                "logGroupClass": group.log_class,
            }
            for group in groups
        ],
        "nextToken": None if last is None else make_token(last),
    }


def _is_listed(name: str, pattern: str) -> bool:
    return any(name.startswith(part[1:]) if part.startswith("^") else part in name for part in pattern.split("|"))


def _identified(core: LogsCore, context: RequestContext, identifiers: list[str]) -> list[Wire]:
    names = (find_group_name(identifier) or identifier for identifier in identifiers)
    groups = (core.groups.find(context.account, context.region, name) for name in names)
    return [_group_item(core, context, group) for group in groups if group is not None]


def _pattern_item(core: LogsCore, context: RequestContext, group: LogGroup) -> Wire:
    """The members that AWS gives when it was asked by pattern."""
    item = _group_item(core, context, group)
    return {member: value for member, value in item.items() if member not in _NOT_BY_PATTERN}


def _group_item(core: LogsCore, context: RequestContext, group: LogGroup) -> Wire:
    arn = core.arn(context, f"log-group:{group.name}")
    return {
        "logGroupName": group.name,
        "creationTime": group.created_at_ms,
        "retentionInDays": group.retention_days,
        "metricFilterCount": group.metric_filters,
        "arn": f"{arn}:*",
        "storedBytes": group.stored_bytes,
        "kmsKeyId": group.kms_key_id,
        "logGroupClass": group.log_class,
        "logGroupArn": arn,
        "deletionProtectionEnabled": group.deletion_protected,
    }
