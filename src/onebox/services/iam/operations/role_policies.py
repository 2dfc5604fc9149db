"""A role's policies: inline ones, and attachments of managed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.errors import LimitExceededException, NoSuchEntityException
from onebox.services.iam.limits import (
    ATTACHED_POLICIES_PER_ROLE_MAX,
    INLINE_POLICIES_PER_ROLE_CHARACTERS_MAX,
)
from onebox.services.iam.operations.documents import counted_characters
from onebox.services.iam.operations.roles import load_role
from onebox.services.iam.parameters import check_name, page
from onebox.services.iam.validation import check_identity_policy

if TYPE_CHECKING:
    from onebox.services.iam.service import Iam

_NAME_MAX = 128


def put_role_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Add an inline policy, or replace the one of that name."""
    role = load_role(iam, context, request)
    name, document = request["PolicyName"], request["PolicyDocument"]
    check_name("policyName", name, _NAME_MAX)
    check_identity_policy(document)
    others = [text for known, text in iam.store.list_inline_policies(role) if known.lower() != name.lower()]
    if sum(map(counted_characters, [*others, document])) > INLINE_POLICIES_PER_ROLE_CHARACTERS_MAX:
        raise LimitExceededException(
            f"Maximum policy size of {INLINE_POLICIES_PER_ROLE_CHARACTERS_MAX} bytes exceeded for role {role.name}"
        )
    iam.store.put_inline_policy(role, name, document)
    iam.internal.forget_policies()
    return {}


def get_role_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """An inline policy; the document is percent-encoded, as in AWS."""
    role = load_role(iam, context, request)
    for name, document in iam.store.list_inline_policies(role):
        if name.lower() == request["PolicyName"].lower():
            return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": quote(document, safe="")}
    raise _no_inline_policy(request)


def list_role_policies(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """The names of the inline policies."""
    names = [name for name, _ in iam.store.list_inline_policies(load_role(iam, context, request))]
    return page(request, "PolicyNames", names, str, str)


def delete_role_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Remove an inline policy."""
    role = load_role(iam, context, request)
    if not iam.store.delete_inline_policy(role, request["PolicyName"]):
        raise _no_inline_policy(request)
    iam.internal.forget_policies()
    return {}


def attach_role_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Attach a managed policy; once is enough."""
    role = load_role(iam, context, request)
    policy = iam.load_policy(
        context, request["PolicyArn"], f"Policy {request['PolicyArn']} does not exist or is not attachable."
    )
    attached = iam.store.list_attached(role)
    if policy.arn not in attached and len(attached) >= ATTACHED_POLICIES_PER_ROLE_MAX:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED_POLICIES_PER_ROLE_MAX}")
    iam.store.attach(role, policy.arn)
    iam.internal.forget_policies()
    return {}


def detach_role_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Take a managed policy off the role."""
    role = load_role(iam, context, request)
    if not iam.store.detach(role, request["PolicyArn"]):
        raise NoSuchEntityException(f"Policy {request['PolicyArn']} was not found.")
    iam.internal.forget_policies()
    return {}


def list_attached_role_policies(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Name and ARN of the attached managed policies."""
    prefix = request.get("PathPrefix", "/")
    policies = [
        policy
        for arn in iam.store.list_attached(load_role(iam, context, request))
        if (policy := iam.load_policy(context, arn)).path.startswith(prefix)
    ]
    return page(
        request,
        "AttachedPolicies",
        policies,
        lambda policy: policy.arn,
        lambda policy: {"PolicyName": policy.name, "PolicyArn": policy.arn},
    )


def _no_inline_policy(request: Wire) -> NoSuchEntityException:
    return NoSuchEntityException(f"The role policy with name {request['PolicyName']} cannot be found.")
