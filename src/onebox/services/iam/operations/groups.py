"""Groups and their members."""

from __future__ import annotations

from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, entity_arn
from onebox.services.iam.entities import find_builtin_user, load_group, load_user
from onebox.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
)
from onebox.services.iam.limits import GROUPS_PER_ACCOUNT_MAX, GROUPS_PER_USER_MAX
from onebox.services.iam.model import Group
from onebox.services.iam.operations.users import listed_user
from onebox.services.iam.validation import check_name, check_path, page, page_limit, page_of, parse_marker

_NAME_MAX = 128


def create_group(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create a group without members and rights."""
    name, path = request["GroupName"], request.get("Path", "/")
    check_name("groupName", name, _NAME_MAX)
    check_path(path)
    _check_name_is_free(core, context, name)
    if core.groups.count(context.account) >= GROUPS_PER_ACCOUNT_MAX:
        raise LimitExceededException(f"Cannot exceed quota for GroupsPerAccount: {GROUPS_PER_ACCOUNT_MAX}")
    group = Group(
        account=context.account,
        name=name,
        path=path,
        id=core.new_id("AGPA"),
        arn=entity_arn(context, f"group{path}{name}"),
        created_at_ms=context.now_ms,
    )
    core.groups.insert(group)
    return {"Group": _shown(group)}


def get_group(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A group and a page of its members."""
    group = load_group(core, context, request)
    names = core.groups.list_member_names(group)
    members = page(request, "Users", names, key=str, show=str)
    found = (core.users.find(context.account, name) for name in members["Users"])
    return {"Group": _shown(group), **members, "Users": [listed_user(user) for user in found if user]}


def list_groups(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's groups by name."""
    limit, prefix = page_limit(request), request.get("PathPrefix", "/")
    groups = core.groups.list_page(context.account, prefix, parse_marker(request), limit + 1)
    return page_of("Groups", groups, limit, key=lambda group: group.name, show=_shown)


def update_group(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Give a group another name or path."""
    group = load_group(core, context, request)
    name, path = request.get("NewGroupName", group.name), request.get("NewPath", group.path)
    check_name("newGroupName", name, _NAME_MAX)
    check_path(path)
    if name.lower() != group.name.lower():
        _check_name_is_free(core, context, name)
    core.groups.update(replace(group, name=name, path=path, arn=entity_arn(context, f"group{path}{name}")))
    return {}


def delete_group(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a group that has nothing any more."""
    group = load_group(core, context, request)
    if core.groups.list_member_names(group):
        raise DeleteConflictException("Cannot delete entity, must remove users from group first.")
    if core.entity_policies.list_attached(group):
        raise DeleteConflictException("Cannot delete entity, must detach all policies first.")
    if core.entity_policies.list_inline(group):
        raise DeleteConflictException("Cannot delete entity, must delete policies first.")
    core.groups.delete(group)
    return {}


def add_user_to_group(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Put a user into a group; once is enough."""
    group, user = load_group(core, context, request), load_user(core, context, request)
    groups = core.groups.list_of_user(user)
    if group not in groups and len(groups) >= GROUPS_PER_USER_MAX:
        raise LimitExceededException(f"Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER_MAX}")
    core.groups.add_member(group, user)
    core.forget()
    return {}


def remove_user_from_group(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Take a user out of a group."""
    group, user = load_group(core, context, request), load_user(core, context, request)
    core.groups.remove_member(group, user)
    core.forget()
    return {}


def list_groups_for_user(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The groups that a user is in."""
    is_builtin = find_builtin_user(context, request["UserName"]) is not None
    groups = [] if is_builtin else core.groups.list_of_user(load_user(core, context, request))
    return page(request, "Groups", groups, key=lambda group: group.name, show=_shown)


def _shown(group: Group) -> Wire:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created_at_ms,
    }


def _check_name_is_free(core: Core, context: RequestContext, name: str) -> None:
    if core.groups.find(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"Group with name {name} already exists.")
