"""Roles: create, get, list, change, delete; their tags and permissions boundary."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, entity_arn, load_policy
from onebox.services.iam.entities import SERVICE_LINKED_PATH, check_changeable, load_role, shown_boundary
from onebox.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    InvalidInputException,
    LimitExceededException,
)
from onebox.services.iam.limits import (
    MAX_SESSION_S_DEFAULT,
    MAX_SESSION_S_LEAST,
    MAX_SESSION_S_MOST,
    ROLES_PER_ACCOUNT_MAX,
    TRUST_POLICY_CHARACTERS_MAX,
)
from onebox.services.iam.model import Role
from onebox.services.iam.operations.document_size import counted_characters
from onebox.services.iam.policy_grammar import check_trust_policy
from onebox.services.iam.validation import (
    check_name,
    check_path,
    invalid,
    page_limit,
    page_of,
    parse_marker,
    parse_tags,
    tag_list,
)

_NAME_MAX = 64
_DESCRIPTION_MAX = 1_000


def create_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create a role. The answer leaves out MaxSessionDuration, as AWS's does."""
    name, path = request["RoleName"], request.get("Path", "/")
    check_name("roleName", name, _NAME_MAX)
    check_path(path)
    if path.startswith(SERVICE_LINKED_PATH):
        raise InvalidInputException(f"The path {SERVICE_LINKED_PATH} is for service-linked roles.")
    _check_trust_policy(request["AssumeRolePolicyDocument"])
    boundary = request.get("PermissionsBoundary")
    if boundary is not None:
        load_policy(core, context, boundary)
    if core.roles.find(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"Role with name {name} already exists.")
    if core.roles.count(context.account) >= ROLES_PER_ACCOUNT_MAX:
        raise LimitExceededException(f"Cannot exceed quota for RolesPerAccount: {ROLES_PER_ACCOUNT_MAX}")
    role = Role(
        account=context.account,
        name=name,
        path=path,
        id=core.new_id("AROA"),
        arn=entity_arn(context, f"role{path}{name}"),
        trust_policy=request["AssumeRolePolicyDocument"],
        description=checked_description(request.get("Description")),
        max_session_s=_checked_session_s(request.get("MaxSessionDuration", MAX_SESSION_S_DEFAULT)),
        permissions_boundary=boundary,
        tags=parse_tags(context, request.get("Tags") or []),
        created_at_ms=context.now_ms,
    )
    core.roles.insert(role)
    core.forget()
    return {"Role": shown_new_role(role)}


def get_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A role with all that belongs to it."""
    return {"Role": {**_shown_role(load_role(core, context, request)), "RoleLastUsed": {}}}


def list_roles(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's roles by name; tags and boundary are left out, as in AWS."""
    limit = page_limit(request)
    prefix = request.get("PathPrefix", "/")
    roles = core.roles.list_page(context.account, prefix, parse_marker(request), limit + 1)
    return page_of("Roles", roles, limit, lambda role: role.name, listed_role)


def delete_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a role from which all policies were removed."""
    role = load_role(core, context, request)
    check_changeable(role)
    if core.instance_profiles.list_of_role(role):
        raise DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.")
    if core.entity_policies.list_attached(role):
        raise DeleteConflictException("Cannot delete entity, must detach all policies first.")
    if core.entity_policies.list_inline(role):
        raise DeleteConflictException("Cannot delete entity, must delete policies first.")
    core.roles.delete(role)
    core.forget()
    return {}


def update_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Change description and longest session."""
    role = load_role(core, context, request)
    changed = replace(
        role,
        description=checked_description(request.get("Description", role.description)),
        max_session_s=_checked_session_s(request.get("MaxSessionDuration", role.max_session_s)),
    )
    _write(core, changed)
    return {}


def update_role_description(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Change the description."""
    role = load_role(core, context, request)
    changed = replace(role, description=checked_description(request["Description"]))
    _write(core, changed)
    return {"Role": _shown_role(changed)}


def update_assume_role_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the trust policy."""
    role = load_role(core, context, request)
    check_changeable(role)
    _check_trust_policy(request["PolicyDocument"])
    _write(core, replace(role, trust_policy=request["PolicyDocument"]))
    return {}


def shown_new_role(role: Role) -> Wire:
    """A role as its creation shows it: without the longest session."""
    return {**_shown_role(role), "MaxSessionDuration": None}


def _shown_role(role: Role) -> Wire:
    return {
        **listed_role(role),
        "PermissionsBoundary": shown_boundary(role.permissions_boundary),
        "Tags": tag_list(role.tags) or None,
    }


def listed_role(role: Role) -> Wire:
    """A role as lists show it; the document is percent-encoded, as in AWS."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created_at_ms,
        "AssumeRolePolicyDocument": quote(role.trust_policy, safe=""),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_s,
    }


def _write(core: Core, role: Role) -> None:
    core.roles.update(role)
    core.forget()


def _check_trust_policy(document: str) -> None:
    check_trust_policy(document)
    if counted_characters(document) > TRUST_POLICY_CHARACTERS_MAX:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS_MAX}")


def checked_description(description: str | None) -> str | None:
    """The description. Raises ValidationError if it is too long."""
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
