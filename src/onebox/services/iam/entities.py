"""What operations on roles, users and groups share: how each kind is named, found, and limited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.builtin_user import NAME as BUILTIN_NAME
from onebox.services.iam.builtin_user import builtin_user
from onebox.services.iam.core import Core
from onebox.services.iam.errors import NoSuchEntityException, UnmodifiableEntityException
from onebox.services.iam.model import Entity, Group, InstanceProfile, Role, ServerCertificate, User
from onebox.services.iam.validation import check_name

SERVICE_LINKED_PATH = "/aws-service-role/"


@dataclass(frozen=True, slots=True)
class EntityKind:
    """One of the three kinds."""

    word: str
    """``role``, in AWS's sentences."""
    member: str
    """``RoleName``, in requests and answers."""
    load: Callable[[Core, RequestContext, Wire], Entity]
    """The entity that a request names. Raises NoSuchEntity."""
    inline_characters_max: int
    """The characters without white space of all inline policies together."""
    attachment_quota: str
    """The name of the quota of attached policies."""


def _named(request: Wire, member: str, most: int) -> str:
    """The name in a request. Raises ValidationError for what no entity can be called."""
    name: str = request[member]
    check_name(f"{member[0].lower()}{member[1:]}", name, most)
    return name


def load_role(core: Core, context: RequestContext, request: Wire) -> Role:
    """The role named in the request. Raises NoSuchEntity."""
    name = _named(request, "RoleName", 64)
    role = core.roles.find(context.account, name)
    if role is None:
        raise NoSuchEntityException(f"The role with name {name} cannot be found.")
    return role


def load_user(core: Core, context: RequestContext, request: Wire) -> User:
    """The user named in the request, to be changed or looked into. Raises NoSuchEntity, or UnmodifiableEntity for the
    built-in one."""
    name = _named(request, "UserName", 128)
    user = core.users.find(context.account, name)
    if user is None and name.lower() == BUILTIN_NAME:
        raise UnmodifiableEntityException(
            f"The user {BUILTIN_NAME} stands for plain credentials. It belongs to onebox and cannot be changed."
        )
    if user is None:
        raise NoSuchEntityException(f"The user with name {name} cannot be found.")
    return user


def load_named_or_calling_user(core: Core, context: RequestContext, request: Wire) -> User:
    """The user named in the request, else the calling one. Raises NoSuchEntity or ValidationError."""
    if "UserName" not in request:
        calling = core.permissions.find_entity(context.principal)
        if not isinstance(calling, User):
            raise ValidationError("Must specify userName when calling with non-User credentials")
        return calling
    return load_user(core, context, request)


def find_builtin_user(context: RequestContext, name: str | None) -> User | None:
    """The built-in user, if it is named, or calls without a name."""
    partition = context.principal.arn.split(":")[1]
    user = builtin_user(context.account, partition)
    is_meant = context.principal.arn == user.arn if name is None else name.lower() == BUILTIN_NAME
    return user if is_meant else None


def load_group(core: Core, context: RequestContext, request: Wire) -> Group:
    """The group named in the request. Raises NoSuchEntity."""
    name = _named(request, "GroupName", 128)
    group = core.groups.find(context.account, name)
    if group is None:
        raise NoSuchEntityException(f"The group with name {name} cannot be found.")
    return group


def load_instance_profile(core: Core, context: RequestContext, request: Wire) -> InstanceProfile:
    """The instance profile named in the request. Raises NoSuchEntity."""
    name = _named(request, "InstanceProfileName", 128)
    profile = core.instance_profiles.find(context.account, name)
    if profile is None:
        raise NoSuchEntityException(f"Instance Profile {name} cannot be found.")
    return profile


def load_server_certificate(core: Core, context: RequestContext, request: Wire) -> ServerCertificate:
    """The server certificate named in the request. Raises NoSuchEntity."""
    name = _named(request, "ServerCertificateName", 128)
    certificate = core.server_certificates.find(context.account, name)
    if certificate is None:
        raise NoSuchEntityException(f"The Server Certificate with name {name} cannot be found.")
    return certificate


def check_changeable(entity: Entity) -> None:
    """Raise UnmodifiableEntity for a service-linked role."""
    if entity.path.startswith(SERVICE_LINKED_PATH):
        raise UnmodifiableEntityException(
            f"Cannot perform the operation on the protected role '{entity.name}' - this role is only modifiable by AWS"
        )


ROLE = EntityKind("role", "RoleName", load_role, 10_240, "PoliciesPerRole")
USER = EntityKind("user", "UserName", load_user, 2_048, "PoliciesPerUser")
GROUP = EntityKind("group", "GroupName", load_group, 5_120, "PoliciesPerGroup")


def shown_boundary(policy_arn: str | None) -> Wire | None:
    """A permissions boundary as IAM shows it."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy_arn} if policy_arn else None
