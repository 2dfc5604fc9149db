"""Roles: create, get, list, change, delete; their tags and permissions boundary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from onebox.services.iam.limits import (
    MAX_SESSION_S_DEFAULT,
    MAX_SESSION_S_LEAST,
    MAX_SESSION_S_MOST,
    ROLES_PER_ACCOUNT_MAX,
    TRUST_POLICY_CHARACTERS_MAX,
)
from onebox.services.iam.model import Role
from onebox.services.iam.operations.documents import counted_characters
from onebox.services.iam.parameters import (
    check_name,
    check_path,
    check_tag_number,
    invalid,
    page,
    page_limit,
    page_of,
    parse_marker,
    parse_tags,
    tag_list,
)
from onebox.services.iam.validation import check_trust_policy

if TYPE_CHECKING:
    from onebox.services.iam.service import Iam

_NAME_MAX = 64
_DESCRIPTION_MAX = 1_000
_ID_CHARACTERS = 17


def create_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Create a role."""
    name, path = request["RoleName"], request.get("Path", "/")
    check_name("roleName", name, _NAME_MAX)
    check_path(path)
    _check_trust_policy(request["AssumeRolePolicyDocument"])
    boundary = request.get("PermissionsBoundary")
    if boundary is not None:
        iam.load_policy(context, boundary)
    if iam.store.find_role(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"Role with name {name} already exists.")
    if iam.store.count_roles(context.account) >= ROLES_PER_ACCOUNT_MAX:
        raise LimitExceededException(f"Cannot exceed quota for RolesPerAccount: {ROLES_PER_ACCOUNT_MAX}")
    role = Role(
        account=context.account,
        name=name,
        path=path,
        role_id=f"AROA{iam.deps.ids.token(_ID_CHARACTERS)}",
        arn=iam.arn(context, f"role{path}{name}"),
        trust_policy=request["AssumeRolePolicyDocument"],
        description=_checked_description(request.get("Description")),
        max_session_s=_checked_session_s(request.get("MaxSessionDuration", MAX_SESSION_S_DEFAULT)),
        permissions_boundary=boundary,
        tags=parse_tags(context, request.get("Tags") or []),
        created_at_ms=context.now_ms,
    )
    iam.store.insert_role(role)
    iam.internal.forget_policies()
    return {"Role": shown_role(role)}


def get_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """A role with all that belongs to it."""
    return {"Role": {**shown_role(load_role(iam, context, request)), "RoleLastUsed": {}}}


def list_roles(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """The account's roles by name; tags and boundary are left out, as in AWS."""
    limit = page_limit(request)
    prefix = request.get("PathPrefix", "/")
    roles = iam.store.list_roles(context.account, prefix, parse_marker(request), limit + 1)
    return page_of("Roles", roles, limit, lambda role: role.name, _listed_role)


def delete_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Delete a role from which all policies were removed."""
    role = load_role(iam, context, request)
    if iam.store.list_attached(role):
        raise DeleteConflictException("Cannot delete entity, must detach all policies first.")
    if iam.store.list_inline_policies(role):
        raise DeleteConflictException("Cannot delete entity, must delete policies first.")
    iam.store.delete_role(role)
    iam.internal.forget_policies()
    return {}


def update_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Change description and longest session."""
    role = load_role(iam, context, request)
    changed = replace(
        role,
        description=_checked_description(request.get("Description", role.description)),
        max_session_s=_checked_session_s(request.get("MaxSessionDuration", role.max_session_s)),
    )
    _write(iam, changed)
    return {}


def update_role_description(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Change the description."""
    role = load_role(iam, context, request)
    changed = replace(role, description=_checked_description(request["Description"]))
    _write(iam, changed)
    return {"Role": shown_role(changed)}


def update_assume_role_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Replace the trust policy."""
    role = load_role(iam, context, request)
    _check_trust_policy(request["PolicyDocument"])
    _write(iam, replace(role, trust_policy=request["PolicyDocument"]))
    return {}


def put_role_permissions_boundary(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Set the policy that bounds what the role may do."""
    role = load_role(iam, context, request)
    policy = iam.load_policy(context, request["PermissionsBoundary"])
    _write(iam, replace(role, permissions_boundary=policy.arn))
    return {}


def delete_role_permissions_boundary(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Remove the boundary."""
    role = load_role(iam, context, request)
    if role.permissions_boundary is None:
        raise NoSuchEntityException(f"Role {role.name} does not have a permission boundary.")
    _write(iam, replace(role, permissions_boundary=None))
    return {}


def tag_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Add tags, or give them new values."""
    role = load_role(iam, context, request)
    tags = {**role.tags, **parse_tags(context, request["Tags"])}
    check_tag_number(tags)
    _write(iam, replace(role, tags=tags))
    return {}


def untag_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Remove tags by key."""
    role = load_role(iam, context, request)
    removed = set(request["TagKeys"])
    _write(iam, replace(role, tags={key: value for key, value in role.tags.items() if key not in removed}))
    return {}


def list_role_tags(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """A role's tags by key."""
    role = load_role(iam, context, request)
    tags = sorted(tag_list(role.tags), key=lambda tag: str(tag["Key"]))
    return page(request, "Tags", tags, lambda tag: str(tag["Key"]), lambda tag: tag)


def list_instance_profiles_for_role(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """None: there are no machines to give profiles to. Asked by tools before they delete a role."""
    load_role(iam, context, request)
    return {"InstanceProfiles": [], "IsTruncated": False}


def load_role(iam: Iam, context: RequestContext, request: Wire) -> Role:
    """The role named in the request. Raises NoSuchEntity."""
    name = request["RoleName"]
    role = iam.store.find_role(context.account, name)
    if role is None:
        raise NoSuchEntityException(f"The role with name {name} cannot be found.")
    return role


def shown_role(role: Role) -> Wire:
    """A role as CreateRole and GetRole show it; the document is percent-encoded, as in AWS."""
    boundary = role.permissions_boundary
    return {
        **_listed_role(role),
        "PermissionsBoundary": boundary
        and {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary},
        "Tags": tag_list(role.tags) or None,
    }


def _listed_role(role: Role) -> Wire:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": role.created_at_ms,
        "AssumeRolePolicyDocument": quote(role.trust_policy, safe=""),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_s,
    }


def _write(iam: Iam, role: Role) -> None:
    iam.store.update_role(role)
    iam.internal.forget_policies()


def _check_trust_policy(document: str) -> None:
    check_trust_policy(document)
    if counted_characters(document) > TRUST_POLICY_CHARACTERS_MAX:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS_MAX}")


def _checked_description(description: str | None) -> str | None:
    if description is not None and len(description) > _DESCRIPTION_MAX:
        constraint = f"Member must have length less than or equal to {_DESCRIPTION_MAX}"
        raise invalid("description", description, constraint)
    return description


def _checked_session_s(duration_s: int) -> int:
    if duration_s < MAX_SESSION_S_LEAST:
        constraint = f"Member must have value greater than or equal to {MAX_SESSION_S_LEAST}"
        raise invalid("maxSessionDuration", duration_s, constraint)
    if duration_s > MAX_SESSION_S_MOST:
        constraint = f"Member must have value less than or equal to {MAX_SESSION_S_MOST}"
        raise invalid("maxSessionDuration", duration_s, constraint)
    return duration_s
