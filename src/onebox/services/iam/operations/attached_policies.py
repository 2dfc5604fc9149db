"""Attachments of managed policies to roles, users and groups. Each operation takes the kind of entity first."""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, load_policy
from onebox.services.iam.entities import EntityKind, check_changeable
from onebox.services.iam.errors import LimitExceededException, NoSuchEntityException
from onebox.services.iam.limits import ATTACHED_POLICIES_MAX
from onebox.services.iam.validation import invalid, page

_ARN_CHARACTERS_LEAST = 20


def attach_policy(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """Attach a managed policy; once is enough."""
    arn = request["PolicyArn"]
    if len(arn) < _ARN_CHARACTERS_LEAST:
        least = f"Member must have length greater than or equal to {_ARN_CHARACTERS_LEAST}"
        raise invalid("policyArn", arn, least)
    if find_arn(arn) is None:
        # AWS leaves two blanks where the ARN should stand.
        raise ValidationError("Invalid ARN:  Could not be parsed!")
    entity = kind.load(core, context, request)
    check_changeable(entity)
    policy = load_policy(core, context, arn, f"Policy {arn} does not exist or is not attachable.")
    attached = core.entity_policies.list_attached(entity)
    if policy.arn not in attached and len(attached) >= ATTACHED_POLICIES_MAX:
        raise LimitExceededException(f"Cannot exceed quota for {kind.attachment_quota}: {ATTACHED_POLICIES_MAX}")
    core.entity_policies.attach(entity, policy.arn)
    core.forget()
    return {}


def detach_policy(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """Detach a managed policy."""
    entity = kind.load(core, context, request)
    check_changeable(entity)
    if not core.entity_policies.detach(entity, request["PolicyArn"]):
        raise NoSuchEntityException(f"Policy {request['PolicyArn']} was not found.")
    core.forget()
    return {}


def list_attached_policies(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """Name and ARN of the attached managed policies."""
    prefix = request.get("PathPrefix", "/")
    entity = kind.load(core, context, request)
    policies = [
        policy
        for arn in core.entity_policies.list_attached(entity)
        if (policy := load_policy(core, context, arn)).path.startswith(prefix)
    ]
    return page(
        request,
        "AttachedPolicies",
        policies,
        key=lambda policy: policy.arn,
        show=lambda policy: {"PolicyName": policy.name, "PolicyArn": policy.arn},
    )
