"""Instance profiles. There are no machines to give them to; tools make them along with roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, entity_arn
from onebox.services.iam.entities import load_instance_profile, load_role
from onebox.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from onebox.services.iam.limits import INSTANCE_PROFILES_PER_ACCOUNT_MAX
from onebox.services.iam.model import InstanceProfile
from onebox.services.iam.operations.roles import listed_role
from onebox.services.iam.validation import (
    check_name,
    check_path,
    page,
    page_limit,
    page_of,
    parse_marker,
    parse_tags,
    tag_list,
)

_NAME_MAX = 128


def create_instance_profile(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create an empty profile."""
    name, path = request["InstanceProfileName"], request.get("Path", "/")
    check_name("instanceProfileName", name, _NAME_MAX)
    check_path(path)
    tags = parse_tags(context, request.get("Tags") or [])
    if core.instance_profiles.find(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"Instance Profile {name} already exists.")
    if core.instance_profiles.count(context.account) >= INSTANCE_PROFILES_PER_ACCOUNT_MAX:
        most = INSTANCE_PROFILES_PER_ACCOUNT_MAX
        raise LimitExceededException(f"Cannot exceed quota for InstanceProfilesPerAccount: {most}")
    profile = InstanceProfile(
        account=context.account,
        name=name,
        path=path,
        id=core.new_id("AIPA"),
        arn=entity_arn(context, f"instance-profile{path}{name}"),
        created_at_ms=context.now_ms,
        role_id=None,
        tags=tags,
    )
    core.instance_profiles.insert(profile)
    return {"InstanceProfile": _shown(core, profile)}


def get_instance_profile(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A profile with its role."""
    return {"InstanceProfile": _shown(core, load_instance_profile(core, context, request))}


def list_instance_profiles(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's profiles by name."""
    limit, prefix = page_limit(request), request.get("PathPrefix", "/")
    profiles = core.instance_profiles.list_page(context.account, prefix, parse_marker(request), limit + 1)
    return page_of("InstanceProfiles", profiles, limit, key=lambda profile: profile.name, show=_lister(core))


def list_instance_profiles_for_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The profiles that hold a role."""
    profiles = core.instance_profiles.list_of_role(load_role(core, context, request))
    return page(request, "InstanceProfiles", profiles, key=lambda profile: profile.name, show=_lister(core))


def delete_instance_profile(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete an empty profile."""
    profile = load_instance_profile(core, context, request)
    if profile.role_id is not None:
        raise DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.")
    core.instance_profiles.delete(profile)
    return {}


def add_role_to_instance_profile(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Put a role into an empty profile."""
    profile, role = load_instance_profile(core, context, request), load_role(core, context, request)
    if profile.role_id is not None:
        raise LimitExceededException("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    core.instance_profiles.update(replace(profile, role_id=role.id))
    return {}


def remove_role_from_instance_profile(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Empty a profile."""
    profile, role = load_instance_profile(core, context, request), load_role(core, context, request)
    if profile.role_id != role.id:
        raise NoSuchEntityException(f"Role {role.name} is not in instance profile {profile.name}.")
    core.instance_profiles.update(replace(profile, role_id=None))
    return {}


def _shown(core: Core, profile: InstanceProfile) -> Wire:
    role = core.roles.find_by_id(profile.role_id) if profile.role_id else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created_at_ms,
        "Roles": [listed_role(role)] if role else [],
        "Tags": tag_list(profile.tags) or None,
    }


def _lister(core: Core) -> Callable[[InstanceProfile], Wire]:
    return lambda profile: {**_shown(core, profile), "Tags": None}
