"""SimulatePrincipalPolicy and SimulateCustomPolicy: what the evaluator would say, without a call being made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.errors import InvalidInputException, NoSuchEntityException
from onebox.services.iam.managed import find_aws_policy
from onebox.services.iam.model import Role
from onebox.services.iam.patterns import Keys
from onebox.services.iam.policy import (
    Decision,
    PolicyRequest,
    Statement,
    account_caller,
    compile_policy,
    condition_keys,
    evaluate,
)
from onebox.services.iam.validation import check_identity_policy

if TYPE_CHECKING:
    from onebox.services.iam.service import Iam


@dataclass(frozen=True, slots=True)
class _Source:
    """A policy that takes part, under the id and type the answer gives it."""

    id: str
    type: str
    statements: tuple[Statement, ...]


def simulate_principal_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Evaluate a role's policies, and further ones, for actions and resources."""
    role = iam.internal.find_role(context.account, request["PolicySourceArn"])
    if role is None:
        raise NoSuchEntityException(f"The source ARN {request['PolicySourceArn']} cannot be found.")
    sources = _role_sources(iam, role) + _given_sources(request)
    boundary = [iam.internal.policy_document(role.permissions_boundary)] if role.permissions_boundary else []
    return _simulate(context, request, sources, boundary, role.arn)


def simulate_custom_policy(iam: Iam, context: RequestContext, request: Wire) -> Wire:
    """Evaluate policies that are given in the request."""
    return _simulate(context, request, _given_sources(request), [], request.get("CallerArn", ""))


def _role_sources(iam: Iam, role: Role) -> list[_Source]:
    sources = []
    for name, document in iam.internal.identity_documents(role):
        if not name.startswith("arn:"):
            source_type, source_id = "role", f"role_{role.name}_{name}"
        else:
            source_type = "aws-managed" if find_aws_policy(name) else "user-managed"
            source_id = name.rpartition("/")[2]
        sources.append(_Source(source_id, source_type, compile_policy(document)))
    return sources


def _given_sources(request: Wire) -> list[_Source]:
    sources = []
    for number, document in enumerate(request.get("PolicyInputList") or [], 1):
        check_identity_policy(document)
        sources.append(_Source(f"PolicyInputList.{number}", "none", compile_policy(document)))
    return sources


def _simulate(
    context: RequestContext, request: Wire, sources: list[_Source], boundary: Sequence[str], caller_arn: str
) -> Wire:
    keys = _keys(request)
    bounds = [*boundary, *(request.get("PermissionsBoundaryPolicyInputList") or [])]
    resource_policy = request.get("ResourcePolicy")
    results = []
    for action, resource in product(request["ActionNames"], request.get("ResourceArns") or ["*"]):
        question = PolicyRequest(action, resource, None, keys)
        decision, matched = _decide(sources, question)
        result: Wire = {"EvalActionName": action, "EvalResourceName": resource}
        if resource_policy is not None:
            caller = account_caller(context.account, request.get("CallerArn", caller_arn))
            asked = PolicyRequest(action, resource, caller, keys)
            decision = _either(decision, evaluate(compile_policy(resource_policy), asked))
        if bounds:
            statements = [statement for document in bounds for statement in compile_policy(document)]
            bounded = evaluate(statements, question)
            result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bounded.allowed}
            decision = decision if bounded.allowed or decision.explicit else bounded
        result["EvalDecision"] = _word(decision)
        result["MatchedStatements"] = matched
        result["MissingContextValues"] = _missing(sources, question)
        results.append(result)
    return {"EvaluationResults": results, "IsTruncated": False}


def _decide(sources: list[_Source], question: PolicyRequest) -> tuple[Decision, list[Wire]]:
    """The decision of all policies together, and the statements that led to it."""
    decision = evaluate([statement for source in sources for statement in source.statements], question)
    matched = [
        {"SourcePolicyId": source.id, "SourcePolicyType": source.type}
        for source in sources
        for statement in source.statements
        if statement.applies(question) and statement.allows != decision.explicit
    ]
    return decision, matched


def _either(identity: Decision, resource: Decision) -> Decision:
    """Within an account one allow suffices, unless either denies."""
    if identity.explicit or resource.explicit:
        return identity if identity.explicit else resource
    return identity if identity.allowed else resource


def _missing(sources: list[_Source], question: PolicyRequest) -> list[str]:
    """The condition keys that statements on this action and resource ask for and the request does not give."""
    return sorted(
        {
            condition.key
            for source in sources
            for statement in source.statements
            if statement.concerns(question.action, question.resource, question.keys)
            for condition in statement.conditions
            if condition.key not in question.keys
        }
    )


def _keys(request: Wire) -> Keys:
    keys = {}
    for entry in request.get("ContextEntries") or []:
        if "ContextKeyName" not in entry:
            raise InvalidInputException("A context entry needs a ContextKeyName.")
        keys[entry["ContextKeyName"]] = entry.get("ContextKeyValues") or []
    return condition_keys(keys)


def _word(decision: Decision) -> str:
    if decision.allowed:
        return "allowed"
    return "explicitDeny" if decision.explicit else "implicitDeny"
