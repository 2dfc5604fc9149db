"""Users: create, read, list, rename, tag, delete."""

from __future__ import annotations

from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.builtin_user import NAME as BUILTIN_NAME
from onebox.services.iam.core import Core, entity_arn, load_policy
from onebox.services.iam.entities import find_builtin_user, load_named_or_calling_user, load_user, shown_boundary
from onebox.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
)
from onebox.services.iam.limits import USERS_PER_ACCOUNT_MAX
from onebox.services.iam.model import User
from onebox.services.iam.validation import (
    check_name,
    check_path,
    page_limit,
    page_of,
    parse_marker,
    parse_tags,
    tag_list,
)

_NAME_MAX = 64


def create_user(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create a user without any rights."""
    name, path = request["UserName"], request.get("Path", "/")
    check_name("userName", name, _NAME_MAX)
    check_path(path)
    boundary = request.get("PermissionsBoundary")
    if boundary is not None:
        load_policy(core, context, boundary)
    _check_name_is_free(core, context, name)
    if core.users.count(context.account) >= USERS_PER_ACCOUNT_MAX:
        raise LimitExceededException(f"Cannot exceed quota for UsersPerAccount: {USERS_PER_ACCOUNT_MAX}")
    user = User(
        account=context.account,
        name=name,
        path=path,
        id=core.new_id("AIDA"),
        arn=entity_arn(context, f"user{path}{name}"),
        created_at_ms=context.now_ms,
        permissions_boundary=boundary,
        tags=parse_tags(context, request.get("Tags") or []),
    )
    core.users.insert(user)
    core.forget()
    return {"User": _shown(user)}


def get_user(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A user; without a name, the calling one."""
    user = find_builtin_user(context, request.get("UserName"))
    return {"User": _shown(user or load_named_or_calling_user(core, context, request))}


def list_users(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's users by name; tags and boundary are left out, as in AWS."""
    limit, prefix = page_limit(request), request.get("PathPrefix", "/")
    users = core.users.list_page(context.account, prefix, parse_marker(request), limit + 1)
    return page_of("Users", users, limit, key=lambda user: user.name, show=listed_user)


def update_user(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Give a user another name or path. Its policies, groups and keys stay with it."""
    user = load_user(core, context, request)
    name, path = request.get("NewUserName", user.name), request.get("NewPath", user.path)
    check_name("newUserName", name, _NAME_MAX)
    check_path(path)
    if name.lower() != user.name.lower():
        _check_name_is_free(core, context, name)
    core.users.update(replace(user, name=name, path=path, arn=entity_arn(context, f"user{path}{name}")))
    core.forget()
    return {}


def delete_user(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a user that has nothing any more."""
    user = load_user(core, context, request)
    if core.access_keys.list_of_user(user):
        raise DeleteConflictException("Cannot delete entity, must delete access keys first.")
    if core.service_credentials.list_of_user(user):
        raise DeleteConflictException("Cannot delete entity, must remove referenced objects first.")
    policies = core.entity_policies
    if policies.list_attached(user) or policies.list_inline(user) or core.groups.list_of_user(user):
        raise DeleteConflictException("Cannot delete entity, must remove referenced objects first.")
    core.users.delete(user)
    core.forget()
    return {}


def listed_user(user: User) -> Wire:
    """A user as lists show it."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created_at_ms,
    }


def _shown(user: User) -> Wire:
    boundary, tags = shown_boundary(user.permissions_boundary), tag_list(user.tags) or None
    return {**listed_user(user), "PermissionsBoundary": boundary, "Tags": tags}


def _check_name_is_free(core: Core, context: RequestContext, name: str) -> None:
    if name.lower() == BUILTIN_NAME or core.users.find(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"User with name {name} already exists.")
