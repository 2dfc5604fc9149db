"""The rights that a request to IAM requires: the action, the entity or policy it names, IAM's own condition keys.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, entity_arn
from onebox.services.iam.model import Group, Role, User
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
        "DeleteAccessKey",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListSigningCertificates",
        "UpdateAccessKey",
    )
)
"""Without a UserName they are about the user who calls."""


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on what the request names."""
    action = f"iam:{OPERATIONS[operation].action or operation}"
    entity = _named_entity(core, context, request)
    find_keys = partial(_find_condition_keys, core, context, request, entity)
    return [Access(action, _resource(context, operation, request, entity), find_keys)]


def _named_entity(core: Core, context: RequestContext, request: Wire) -> Role | User | Group | None:
    if "GroupName" in request:
        return core.groups.find(context.account, request["GroupName"])
    if "RoleName" in request:
        return core.roles.find(context.account, request["RoleName"])
    if "UserName" in request:
        return core.users.find(context.account, request["UserName"])
    return None


def _resource(context: RequestContext, operation: str, request: Wire, entity: Role | User | Group | None) -> str:
    """The ARN of the entity or policy; of what a Create… would make; of the calling user where none is named."""
    if entity is not None:
        return entity.arn
    path = request.get("Path", "/")
    for member, kind in (("GroupName", "group"), ("RoleName", "role"), ("UserName", "user")):
        if member in request:
            return entity_arn(context, f"{kind}{path}{request[member]}")
    if "PolicyArn" in request:
        return str(request["PolicyArn"])
    if operation == "CreatePolicy":
        return entity_arn(context, f"policy{path}{request['PolicyName']}")
    if "PolicySourceArn" in request:
        return str(request["PolicySourceArn"])
    return context.principal.arn if operation in _ON_CALLING_USER else "*"


def _find_condition_keys(
    core: Core, context: RequestContext, request: Wire, entity: Role | User | Group | None
) -> dict[str, str | Iterable[str]]:
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


def _resource_tags(core: Core, request: Wire, entity: Role | User | Group | None) -> dict[str, str | Iterable[str]]:
    tags: dict[str, str] = {}
    if isinstance(entity, (Role, User)):
        tags = entity.tags
    elif entity is None and "PolicyArn" in request:
        policy = core.managed_policies.find(request["PolicyArn"])
        tags = policy.tags if policy else {}
    return {f"{prefix}:ResourceTag/{name}": value for name, value in tags.items() for prefix in ("aws", "iam")}
