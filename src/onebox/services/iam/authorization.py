"""The rights that a request to IAM requires: the action, the entity or policy it names, IAM's own condition keys.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, entity_arn
from onebox.services.iam.entities import SERVICE_LINKED_PATH
from onebox.services.iam.model import Entity, InstanceProfile, Role, ServerCertificate, User
from onebox.services.iam.operations import OPERATIONS
from onebox.services.registry import Access

CONDITION_KEYS = (
    "aws:RequestTag/…",
    "aws:ResourceTag/…",
    "aws:TagKeys",
    "iam:AWSServiceName",
    "iam:AssociatedResourceArn",
    "iam:PassedToService",
    "iam:PermissionsBoundary",
    "iam:PolicyARN",
    "iam:ResourceTag/…",
)
"""``iam:PassedToService`` and ``iam:AssociatedResourceArn`` come with iam:PassRole, asked by the receiving services."""

_ON_CALLING_USER = frozenset(
    (
        "CreateAccessKey",
        "CreateServiceSpecificCredential",
        "DeleteAccessKey",
        "DeleteServiceSpecificCredential",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "ResetServiceSpecificCredential",
        "UpdateAccessKey",
        "UpdateServiceSpecificCredential",
    )
)
"""Without a UserName they are about the user who calls."""


# What a request names, the first one first, and the word in its ARN.
_NAMED = (
    ("InstanceProfileName", "instance-profile"),
    ("ServerCertificateName", "server-certificate"),
    ("GroupName", "group"),
    ("RoleName", "role"),
    ("UserName", "user"),
)


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on what the request names; putting a role into a profile passes it to EC2 as well."""
    entity = _named_entity(core, context, request)
    find_keys = partial(_find_condition_keys, core, request, entity)
    resource = _resource(context, operation, request, entity)
    access = [Access(f"iam:{OPERATIONS[operation].action or operation}", resource, find_keys)]
    if operation == "AddRoleToInstanceProfile":
        role = core.roles.find(context.account, request["RoleName"])
        role_arn = role.arn if role else entity_arn(context, f"role/{request['RoleName']}")
        access.append(Access("iam:PassRole", role_arn, lambda: {"iam:PassedToService": "ec2.amazonaws.com"}))
    return access


def _named_entity(core: Core, context: RequestContext, request: Wire) -> Entity | None:
    finders: Sequence[Callable[[str, str], Entity | None]] = (
        core.instance_profiles.find,
        core.server_certificates.find,
        core.groups.find,
        core.roles.find,
        core.users.find,
    )
    for (member, _), find_entity in zip(_NAMED, finders, strict=True):
        if member in request:
            return find_entity(context.account, request[member])
    return None


def _resource(context: RequestContext, operation: str, request: Wire, entity: Entity | None) -> str:
    """The ARN of the entity or policy; of what a Create… would make; of the calling user where none is named."""
    if entity is not None:
        return entity.arn
    path = request.get("Path", "/")
    for member, kind in _NAMED:
        if member in request:
            return entity_arn(context, f"{kind}{path}{request[member]}")
    if "PolicyArn" in request:
        return str(request["PolicyArn"])
    if operation == "CreatePolicy":
        return entity_arn(context, f"policy{path}{request['PolicyName']}")
    if operation == "CreateServiceLinkedRole":
        return entity_arn(context, f"role{SERVICE_LINKED_PATH}{request['AWSServiceName']}/*")
    if "PolicySourceArn" in request:
        return str(request["PolicySourceArn"])
    return context.principal.arn if operation in _ON_CALLING_USER else "*"


def _find_condition_keys(core: Core, request: Wire, entity: Entity | None) -> dict[str, str | Iterable[str]]:
    keys: dict[str, str | Iterable[str]] = {}
    if "PolicyArn" in request and entity is not None:
        keys["iam:PolicyARN"] = request["PolicyArn"]
    boundary = request.get("PermissionsBoundary")
    if boundary is None and isinstance(entity, (Role, User)):
        boundary = entity.permissions_boundary
    if boundary is not None:
        keys["iam:PermissionsBoundary"] = boundary
    if "AWSServiceName" in request:
        keys["iam:AWSServiceName"] = request["AWSServiceName"]
    tags = request.get("Tags")
    if isinstance(tags, list):
        keys.update({f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in tags})
        keys["aws:TagKeys"] = [tag["Key"] for tag in tags]
    elif "TagKeys" in request:
        keys["aws:TagKeys"] = list(request["TagKeys"])
    return keys | _resource_tags(core, request, entity)


def _resource_tags(core: Core, request: Wire, entity: Entity | None) -> dict[str, str | Iterable[str]]:
    tags: dict[str, str] = {}
    if isinstance(entity, (InstanceProfile, Role, ServerCertificate, User)):
        tags = entity.tags
    elif entity is None and "PolicyArn" in request:
        policy = core.managed_policies.find(request["PolicyArn"])
        tags = policy.tags if policy else {}
    return {f"{prefix}:ResourceTag/{name}": value for name, value in tags.items() for prefix in ("aws", "iam")}
