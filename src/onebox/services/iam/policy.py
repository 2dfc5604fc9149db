"""The policy evaluator: statements in, decision out. Explicit deny beats allow beats the implicit deny.

Used for identity policies, trust policies and the resource policies of queues, topics and functions::

    statements = compile_policy(document)            # once
    request = PolicyRequest("sqs:SendMessage", queue_arn, service_caller("sns.amazonaws.com"),
                            condition_keys({"aws:SourceArn": topic_arn}))
    evaluate(statements, request).allowed

Promises: pure; a document that :mod:`onebox.services.iam.policy_grammar` accepts never makes it raise.
Knows nothing of storage, of the clock, and of who asks.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from onebox.services.context import Principal
from onebox.services.iam.conditions import Condition, compile_conditions
from onebox.services.iam.patterns import Keys, Pattern, compile_pattern
from onebox.text.documents import parse_document

__all__ = [
    "ALLOWED",
    "Caller",
    "Decision",
    "Keys",
    "PolicyRequest",
    "PolicySet",
    "Statement",
    "account_caller",
    "compile_policy",
    "condition_keys",
    "evaluate",
    "principal_caller",
    "service_caller",
]

NO_KEYS: Keys = {}
LONG_CHARACTERS = 32 * 1024
"""Of the documents of a :class:`PolicySet`."""
ANSWERS_MAX = 16_384
"""Some 10 MB of the longest."""
_REMEMBERED_CHARACTERS_MAX = 20_480
_RESOURCE_CHARACTERS_MAX = 512
"""Longer documents and resources, which only a hostile client sends, are worked out each time and not remembered."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. ``explicit``: denied by a Deny statement; ``reason``: AWS's sentence, where asked for."""

    allowed: bool
    explicit: bool = False
    reason: str = ""


ALLOWED = Decision(True)
EXPLICIT_DENY = Decision(False, explicit=True)
IMPLICIT_DENY = Decision(False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, under every name a Principal element may use; ``kind`` is ``AWS`` or ``Service``."""

    kind: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """One question. ``caller`` matters to resource and trust policies; ``keys`` have lower-case names."""

    action: str
    resource: str
    caller: Caller | None = None
    keys: Keys = field(default_factory=dict)


def service_caller(service: str) -> Caller:
    """An AWS service as caller: ``sns.amazonaws.com``."""
    return Caller("Service", frozenset((service,)))


def account_caller(account: str, *arns: str) -> Caller:
    """A principal of an account: the account itself, and the ARNs of its session and role, if any."""
    return Caller("AWS", frozenset((account, f"arn:aws:iam::{account}:root", *arns)))


def principal_caller(principal: Principal) -> Caller:
    """A caller under every name that a resource's or role's policy may give it."""
    arns = (principal.arn, principal.entity_arn) if principal.entity_arn else (principal.arn,)
    return account_caller(principal.account, *arns)


def condition_keys(keys: Mapping[str, str | Iterable[str]]) -> Keys:
    """Condition keys as the evaluator takes them."""
    return {name.lower(): (value,) if isinstance(value, str) else tuple(value) for name, value in keys.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One compiled statement. ``is_static`` if its answer depends on action, resource and caller alone.

    Statements are equal only if they are the same object, so that they are cheap keys of caches.
    """

    sid: str
    allows: bool
    actions: tuple[Pattern, ...]
    actions_excluded: bool
    resources: tuple[Pattern, ...]
    resources_excluded: bool
    principals: Principals | None
    conditions: tuple[Condition, ...]
    is_static: bool

    def concerns(self, action: str, resource: str, keys: Keys) -> bool:
        """Whether Action and Resource elements cover the request."""
        lower = action.lower()
        if any(pattern.matches(lower, NO_KEYS) for pattern in self.actions) == self.actions_excluded:
            return False
        if not self.resources:
            return True
        return any(p.matches(resource, keys) for p in self.resources) != self.resources_excluded

    def applies(self, request: PolicyRequest) -> bool:
        """Whether every element of the statement fits the request."""
        if not self.concerns(request.action, request.resource, request.keys):
            return False
        if self.principals is not None and not self.principals.include(request.caller):
            return False
        return all(condition.holds(request.keys) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal or (``excluded``) NotPrincipal element: pairs of kind and name; ``anyone`` for ``"*"``."""

    anyone: bool
    names: frozenset[tuple[str, str]]
    excluded: bool = False

    def include(self, caller: Caller | None) -> bool:
        """Whether the caller is meant."""
        if caller is None:
            return self.anyone and not self.excluded
        meant = self.anyone or any((caller.kind, name) in self.names for name in caller.names)
        return meant != self.excluded


def evaluate(statements: Sequence[Statement], request: PolicyRequest) -> Decision:
    """The decision of these statements on this request."""
    allowed = False
    for statement in statements:
        if statement.applies(request):
            if not statement.allows:
                return EXPLICIT_DENY
            allowed = True
    return ALLOWED if allowed else IMPLICIT_DENY


def count_comparisons(statements: Iterable[Statement], keys: Keys = NO_KEYS) -> int:
    """How often a pattern is compared with a text to decide on one action and resource, at most."""
    return sum(
        1
        + len(statement.actions)
        + len(statement.resources)
        + sum(len(one.patterns) * max(1, len(keys.get(one.key, ()))) for one in statement.conditions)
        for statement in statements
    )


class Answers:
    """What policy sets answered, for all of them together: at most ANSWERS_MAX are kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[PolicySet, str, str], Decision | tuple[Statement, ...]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, asked: PolicySet, action: str, resource: str) -> Decision | tuple[Statement, ...] | None:
        """What the set answers, or the statements to ask; None if that is not known."""
        return self._kept.get((asked, action, resource))

    def keep(self, asked: PolicySet, action: str, resource: str, answer: Decision | tuple[Statement, ...]) -> None:
        """Keep an answer, unless it is about a resource that only a hostile client names."""
        if len(resource) <= _RESOURCE_CHARACTERS_MAX and len(action) <= _RESOURCE_CHARACTERS_MAX:
            if len(self._kept) >= ANSWERS_MAX:
                self._kept.clear()
            self._kept[asked, action, resource] = answer

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


class PolicySet:
    """Statements that are asked again and again, such as those of a role.

    What depends on action and resource alone is answered from memory; otherwise the few statements that
    concern them are remembered, and only their conditions are tested again.
    """

    def __init__(
        self, statements: Sequence[Statement], documents: tuple[str, ...] = (), answers: Answers | None = None
    ) -> None:
        self.statements = tuple(statements)
        self.documents = documents
        """What they were compiled from, where that is known."""
        self.is_long = sum(map(len, documents)) > LONG_CHARACTERS
        """To ask it for the first time about an action and a resource takes too long for the event loop."""
        self._answers = Answers() if answers is None else answers

    def knows(self, action: str, resource: str) -> bool:
        """Whether :meth:`decide` answers from memory alone."""
        return isinstance(self._answers.get(self, action, resource), Decision)

    def decide(self, action: str, resource: str, find_keys: Callable[[], Keys]) -> Decision:
        """As :func:`evaluate`; the condition keys are asked for only if a statement needs them."""
        known = self._answers.get(self, action, resource)
        if known is None:
            known = self._remember(action, resource)
        if isinstance(known, Decision):
            return known
        return evaluate(known, PolicyRequest(action, resource, None, find_keys()))

    def _remember(self, action: str, resource: str) -> Decision | tuple[Statement, ...]:
        concerned = tuple(s for s in self.statements if not _is_fixed(s) or s.concerns(action, resource, NO_KEYS))
        answer: Decision | tuple[Statement, ...] = concerned
        if all(statement.is_static for statement in concerned):
            answer = evaluate(concerned, PolicyRequest(action, resource))
        self._answers.keep(self, action, resource, answer)
        return answer


def _is_fixed(statement: Statement) -> bool:
    """Whether Action and Resource can be judged without condition keys."""
    return not any(pattern.has_variables for pattern in statement.resources)


def compile_policy(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a policy document (JSON text or its object). Raises ValueError if it is no policy."""
    if isinstance(document, str):
        if len(document) > _REMEMBERED_CHARACTERS_MAX:
            return _compile_document(parse_document(document))
        return _compile_text(document)
    return _compile_document(document)


@lru_cache(maxsize=1024)
def _compile_text(document: str) -> tuple[Statement, ...]:
    return _compile_document(parse_document(document))


def _compile_document(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    if not isinstance(document, Mapping):
        raise ValueError("a policy is a JSON object")
    variables = document.get("Version") == "2012-10-17"
    statements = document.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]
    return tuple(_compile_statement(statement, variables) for statement in statements)


def _compile_statement(statement: Mapping[str, Any], variables: bool) -> Statement:
    actions, actions_excluded = _element(statement, "Action")
    resources, resources_excluded = _element(statement, "Resource")
    conditions = compile_conditions(statement.get("Condition") or {}, variables=variables)
    patterns = tuple(compile_pattern(text, variables=variables) for text in resources)
    return Statement(
        sid=str(statement.get("Sid", "")),
        allows=str(statement.get("Effect")).lower() == "allow",
        actions=tuple(Pattern(text.lower(), False) for text in actions),
        actions_excluded=actions_excluded,
        resources=patterns,
        resources_excluded=resources_excluded,
        principals=_principals(statement),
        conditions=conditions,
        is_static=not conditions and not any(pattern.has_variables for pattern in patterns),
    )


def _element(statement: Mapping[str, Any], name: str) -> tuple[list[str], bool]:
    """The texts of ``Action`` or ``NotAction`` (and likewise), and whether it was the Not form."""
    excluded = f"Not{name}" in statement
    value = statement.get(f"Not{name}" if excluded else name, [])
    return ([value] if isinstance(value, str) else list(value)), excluded


def _principals(statement: Mapping[str, Any]) -> Principals | None:
    excluded = "NotPrincipal" in statement
    written = statement.get("NotPrincipal" if excluded else "Principal")
    if written is None:
        return None
    if written == "*":
        return Principals(True, frozenset(), excluded)
    names = frozenset(
        (kind, name) for kind, value in written.items() for name in ([value] if isinstance(value, str) else value)
    )
    # {"AWS": "*"} means everyone, just as "*" does.
    return Principals(("AWS", "*") in names, names, excluded)
