"""SimulatePrincipalPolicy and SimulateCustomPolicy: what the evaluator would say, without a call being made.

Promises: the work of one request is bounded: a page ends early when its evaluations together reach a limit, and one
evaluation beyond a larger limit is refused. All of it is done beside the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onebox.arn import find_arn
from onebox.services.beside import do_beside
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.aws_policies import find_aws_policy
from onebox.services.iam.core import Core
from onebox.services.iam.errors import (
    InvalidInputException,
    MalformedPolicyDocumentException,
    NoSuchEntityException,
)
from onebox.services.iam.model import Group, Role, User
from onebox.services.iam.patterns import Keys
from onebox.services.iam.permissions import EntityPolicy
from onebox.services.iam.policy import (
    Decision,
    PolicyRequest,
    Statement,
    account_caller,
    compile_policy,
    condition_keys,
    count_comparisons,
    evaluate,
)
from onebox.services.iam.policy_grammar import check_identity_policy, check_resource_policy
from onebox.services.iam.validation import invalid_marker, page_limit
from onebox.services.paging import make_token, read_token

_COMPARISONS_PER_PAGE_MAX = 50_000
_COMPARISONS_MAX = 500_000
"""Of one action and resource: a second or so, during which other requests are answered."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A policy that takes part, under the id and type the answer gives it."""

    id: str
    type: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """What all evaluations of a request share."""

    sources: list[_Source]
    bounds: list[Statement]
    """The statements of permissions boundaries; empty without one."""
    is_bounded: bool
    resource_policy: tuple[Statement, ...] | None
    caller_account: str
    caller_arn: str
    keys: Keys


def simulate_principal_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Evaluate the policies of a user, group or role, and further ones, for actions and resources."""
    entity = _find_entity(core, context, request["PolicySourceArn"])
    if entity is None:
        raise NoSuchEntityException(f"The source ARN {request['PolicySourceArn']} cannot be found.")
    sources = core.permissions.identity_policies(entity)
    boundary = None if isinstance(entity, Group) else entity.permissions_boundary
    bounds = [core.permissions.policy_document(boundary)] if boundary else []
    return _simulate(context, request, sources, bounds, entity.arn)


def simulate_custom_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Evaluate policies that are given in the request."""
    return _simulate(context, request, [], [], request.get("CallerArn", ""))


def _find_entity(core: Core, context: RequestContext, text: str) -> Role | User | Group | None:
    arn = find_arn(text)
    if arn is None or arn.service != "iam" or arn.account != context.account:
        return None
    kind, name = arn.resource.partition("/")[0], arn.resource.rpartition("/")[2]
    found: Role | User | Group | None = None
    if kind == "role":
        found = core.roles.find(arn.account, name)
    elif kind == "user":
        found = core.users.find(arn.account, name)
    elif kind == "group":
        found = core.groups.find(arn.account, name)
    return found if found and found.arn == text else None


def _entity_source(policy: EntityPolicy) -> _Source:
    statements = compile_policy(policy.document)
    if policy.is_inline:
        word = type(policy.owner).__name__.lower()
        return _Source(f"{word}_{policy.owner.name}_{policy.name}", word, statements)
    source_type = "aws-managed" if find_aws_policy(policy.name) else "user-managed"
    return _Source(policy.name.rpartition("/")[2], source_type, statements)


def _given_sources(request: Wire) -> list[_Source]:
    documents = _checked(request.get("PolicyInputList") or [])
    return [
        _Source(f"PolicyInputList.{number}", "none", compile_policy(document))
        for number, document in enumerate(documents, 1)
    ]


def _checked(documents: Sequence[str]) -> Sequence[str]:
    """Policies of the request. Raises InvalidInput, which the simulator's operations know for all of their inputs."""
    try:
        for document in documents:
            check_identity_policy(document)
    except MalformedPolicyDocumentException as error:
        raise InvalidInputException(error.message) from error
    return documents


def _simulate(
    context: RequestContext, request: Wire, policies: list[EntityPolicy], boundary: Sequence[str], caller_arn: str
) -> Wire:
    def work() -> Wire:
        return _page(_question(context.account, request, policies, boundary, caller_arn), request)

    return do_beside(context.beside, "simulation", (policies, boundary), work)


def _question(
    account: str, request: Wire, policies: list[EntityPolicy], boundary: Sequence[str], caller_arn: str
) -> _Question:
    bounds = [*boundary, *_checked(request.get("PermissionsBoundaryPolicyInputList") or [])]
    return _Question(
        sources=[*map(_entity_source, policies), *_given_sources(request)],
        bounds=[statement for document in bounds for statement in compile_policy(document)],
        is_bounded=bool(bounds),
        resource_policy=_resource_policy(request.get("ResourcePolicy")),
        caller_account=account,
        caller_arn=request.get("CallerArn", caller_arn),
        keys=_keys(request),
    )


def _page(question: _Question, request: Wire) -> Wire:
    """The evaluations from the Marker on: every resource for the first action, then for the next."""
    comparisons = _comparisons(question)
    if comparisons > _COMPARISONS_MAX:
        raise InvalidInputException(
            f"The policies make {comparisons} comparisons for one action and resource; at most {_COMPARISONS_MAX} are"
            " simulated."
        )
    limit = min(page_limit(request), max(1, _COMPARISONS_PER_PAGE_MAX // comparisons))
    place = read_token(request.get("Marker"), invalid_marker, int)
    first = 0 if place is None else max(0, place[0])
    actions, resources = request["ActionNames"], request.get("ResourceArns") or ["*"]
    pairs = len(actions) * len(resources)
    places = (divmod(number, len(resources)) for number in range(first, min(first + limit, pairs)))
    shown = [_evaluate(question, actions[action], resources[resource]) for action, resource in places]
    is_truncated = first + limit < pairs
    marker = make_token(first + limit) if is_truncated else None
    return {"EvaluationResults": shown, "IsTruncated": is_truncated, "Marker": marker}


def _comparisons(question: _Question) -> int:
    """How often a pattern is compared with a text for one action and resource, at most."""
    statements = [*question.bounds, *(question.resource_policy or ())]
    statements += [statement for source in question.sources for statement in source.statements]
    return 1 + count_comparisons(statements, question.keys)


def _resource_policy(text: str | None) -> tuple[Statement, ...] | None:
    if text is None:
        return None
    try:
        check_resource_policy(text)
    except MalformedPolicyDocumentException as error:
        raise InvalidInputException(error.message) from error
    return compile_policy(text)


def _evaluate(question: _Question, action: str, resource: str) -> Wire:
    asked = PolicyRequest(action, resource, None, question.keys)
    decision, matched = _decide(question.sources, asked)
    result: Wire = {"EvalActionName": action, "EvalResourceName": resource}
    if question.resource_policy is not None:
        caller = account_caller(question.caller_account, question.caller_arn)
        by_resource = evaluate(question.resource_policy, PolicyRequest(action, resource, caller, question.keys))
        decision = _either(decision, by_resource)
    if question.is_bounded:
        bounded = evaluate(question.bounds, asked)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bounded.allowed}
        decision = decision if bounded.allowed or decision.explicit else bounded
    result["EvalDecision"] = _word(decision)
    result["MatchedStatements"] = matched
    result["MissingContextValues"] = _missing(question.sources, asked)
    return result


def _decide(sources: list[_Source], asked: PolicyRequest) -> tuple[Decision, list[Wire]]:
    """The decision of all policies together, and the statements that led to it."""
    decision = evaluate([statement for source in sources for statement in source.statements], asked)
    matched = [
        {"SourcePolicyId": source.id, "SourcePolicyType": source.type}
        for source in sources
        for statement in source.statements
        if statement.applies(asked) and statement.allows != decision.explicit
    ]
    return decision, matched


def _either(identity: Decision, resource: Decision) -> Decision:
    """Within an account one allow suffices, unless either denies."""
    if identity.explicit or resource.explicit:
        return identity if identity.explicit else resource
    return identity if identity.allowed else resource


def _missing(sources: list[_Source], asked: PolicyRequest) -> list[str]:
    """The condition keys that statements on this action and resource ask for and the request does not give."""
    return sorted(
        {
            condition.key
            for source in sources
            for statement in source.statements
            if statement.concerns(asked.action, asked.resource, asked.keys)
            for condition in statement.conditions
            if condition.key not in asked.keys
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
