"""Tags of roles, users, policies, instance profiles and server certificates. Each operation takes the kind first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, load_own_policy, load_policy
from onebox.services.iam.entities import (
    find_builtin_user,
    load_instance_profile,
    load_role,
    load_server_certificate,
    load_user,
)
from onebox.services.iam.model import ManagedPolicy, User
from onebox.services.iam.validation import check_tag_number, page, parse_tags, tag_list


class _Tagged(Protocol):
    @property
    def tags(self) -> dict[str, str]:
        """By key."""


T = TypeVar("T", bound=_Tagged)


@dataclass(frozen=True, slots=True)
class TaggedKind(Generic[T]):
    """One kind of what can be tagged."""

    load: Callable[[Core, RequestContext, Wire], T]
    read: Callable[[Core, RequestContext, Wire], T]
    save: Callable[[Core, T, dict[str, str]], None]


def tag(kind: TaggedKind[T], core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add tags, or give them new values."""
    tagged = kind.load(core, context, request)
    tags = {**tagged.tags, **parse_tags(context, request["Tags"])}
    check_tag_number(tags)
    kind.save(core, tagged, tags)
    core.forget()
    return {}


def untag(kind: TaggedKind[T], core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags by key; a key that is not there does no harm."""
    tagged = kind.load(core, context, request)
    removed = set(request["TagKeys"])
    kind.save(core, tagged, {key: value for key, value in tagged.tags.items() if key not in removed})
    core.forget()
    return {}


def list_tags(kind: TaggedKind[T], core: Core, context: RequestContext, request: Wire) -> Wire:
    """The tags by key."""
    tags = sorted(tag_list(kind.read(core, context, request).tags), key=lambda entry: str(entry["Key"]))
    return page(request, "Tags", tags, key=lambda entry: str(entry["Key"]), show=lambda entry: entry)


def _read_user(core: Core, context: RequestContext, request: Wire) -> User:
    return find_builtin_user(context, request["UserName"]) or load_user(core, context, request)


def _load_own_policy(core: Core, context: RequestContext, request: Wire) -> ManagedPolicy:
    return load_own_policy(core, context, request["PolicyArn"])


def _read_policy(core: Core, context: RequestContext, request: Wire) -> ManagedPolicy:
    return load_policy(core, context, request["PolicyArn"])


ROLE_TAGS = TaggedKind(load_role, load_role, lambda core, role, tags: core.roles.update(replace(role, tags=tags)))
USER_TAGS = TaggedKind(load_user, _read_user, lambda core, user, tags: core.users.update(replace(user, tags=tags)))
POLICY_TAGS = TaggedKind(
    _load_own_policy,
    _read_policy,
    lambda core, policy, tags: core.managed_policies.update(replace(policy, tags=tags)),
)
INSTANCE_PROFILE_TAGS = TaggedKind(
    load_instance_profile,
    load_instance_profile,
    lambda core, profile, tags: core.instance_profiles.update(replace(profile, tags=tags)),
)
SERVER_CERTIFICATE_TAGS = TaggedKind(
    load_server_certificate,
    load_server_certificate,
    lambda core, certificate, tags: core.server_certificates.update(replace(certificate, tags=tags)),
)
