"""Permissions boundaries of roles and users."""

from __future__ import annotations

from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, load_policy
from onebox.services.iam.entities import load_role, load_user
from onebox.services.iam.errors import NoSuchEntityException


def put_role_boundary(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set the policy that bounds what the role may do."""
    role = load_role(core, context, request)
    policy = load_policy(core, context, request["PermissionsBoundary"])
    core.roles.update(replace(role, permissions_boundary=policy.arn))
    core.forget()
    return {}


def delete_role_boundary(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove the role's boundary."""
    role = load_role(core, context, request)
    if role.permissions_boundary is None:
        raise NoSuchEntityException(f"Role {role.name} does not have a permission boundary.")
    core.roles.update(replace(role, permissions_boundary=None))
    core.forget()
    return {}


def put_user_boundary(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set the policy that bounds what the user may do."""
    user = load_user(core, context, request)
    policy = load_policy(core, context, request["PermissionsBoundary"])
    core.users.update(replace(user, permissions_boundary=policy.arn))
    core.forget()
    return {}


def delete_user_boundary(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove the user's boundary."""
    user = load_user(core, context, request)
    if user.permissions_boundary is None:
        raise NoSuchEntityException(f"User {user.name} does not have a permission boundary.")
    core.users.update(replace(user, permissions_boundary=None))
    core.forget()
    return {}
