"""Why a request was refused: the deciding statement, found again from the policies in force.

Promises: the last 1,000 refusals are remembered in memory, by request id; each has a line in the log. A refusal is
worked out when it happens and costs an allowed request nothing.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from onebox.ids import uuid_of_request_id
from onebox.services.context import RequestContext
from onebox.services.iam.patterns import Keys
from onebox.services.iam.permissions import DeniedBy, PolicySource, Question
from onebox.services.iam.policy import Statement, principal_caller

REMEMBERED_MAX = 1_000
_SHOWN_MAX = 50
_TEXT_CHARACTERS_MAX = 2_048
"""Of a resource, which the client names."""


@dataclass(frozen=True, slots=True)
class StatementNote:
    """A statement that mattered, and the condition keys because of which it did not apply, if any."""

    policy: str
    sid: str
    number: int
    """Its place in the policy, from 1."""
    effect: str
    failed_conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal."""

    request_id: str
    at_ms: int
    principal: str
    action: str
    resource: str
    kind: str
    """The kind of policy that denied: identity-based, permissions boundary, session or resource-based."""
    explicit: bool
    decided_by: StatementNote | None
    """The Deny statement; None if nothing allowed the action."""
    policies: tuple[str, ...]
    """The policies of that kind that were asked."""
    near_misses: tuple[StatementNote, ...]
    """Allow statements for this action and resource whose conditions did not hold."""


class Refusals:
    """The last refusals, by request id."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known: OrderedDict[str, Refusal] = OrderedDict()

    def add(
        self,
        context: RequestContext,
        question: Question,
        denied: DeniedBy,
        asked: Sequence[PolicySource],
        notes: Sequence[StatementNote],
    ) -> None:
        """Find the deciding statement, log it and remember it. ``asked`` are the policies of the kind that denied,
        ``notes`` what :func:`find_notes` says of them."""
        refusal = Refusal(
            request_id=context.request_id,
            at_ms=context.now_ms,
            principal=context.principal.arn,
            action=question.action,
            resource=question.resource[:_TEXT_CHARACTERS_MAX],
            kind=denied.kind,
            explicit=denied.explicit,
            decided_by=next((note for note in notes if note.effect == "Deny" and not note.failed_conditions), None),
            policies=tuple(source.name for source in asked)[:_SHOWN_MAX],
            near_misses=tuple(note for note in notes if note.effect == "Allow" and note.failed_conditions)[:_SHOWN_MAX],
        )
        self._known[context.request_id] = refusal
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        what = f"{refusal.action} on {refusal.resource!r} for {refusal.principal!r}"
        self._log.info("refused request %s: %s, %s", refusal.request_id, what, _why(refusal))

    def find(self, request_id: str) -> dict[str, object] | None:
        """A refusal as plain values, or None if it is unknown or too old."""
        refusal = self._known.get(uuid_of_request_id(request_id))
        return asdict(refusal) if refusal else None


def _why(refusal: Refusal) -> str:
    decided = refusal.decided_by
    if decided is None:
        return f"no {refusal.kind} policy allows it ({len(refusal.policies)} asked)"
    name = f"{decided.sid!r}" if decided.sid else f"number {decided.number}"
    return f"denied by statement {name} of {decided.policy!r} ({refusal.kind})"


def find_notes(asked: Sequence[PolicySource], question: Question) -> list[StatementNote]:
    """The statements of the policies that are about the question. Pure once the question's keys are found."""
    return [note for source in asked for note in _notes(source, question)]


def _notes(source: PolicySource, question: Question) -> list[StatementNote]:
    """The statements of a policy that are about the action and the resource, and about the caller if they name one."""
    notes, keys = [], question.find_keys()
    caller = principal_caller(question.principal)
    for number, statement in enumerate(source.statements, 1):
        is_about_caller = statement.principals is None or statement.principals.include(caller)
        if is_about_caller and statement.concerns(question.action, question.resource, keys):
            effect = "Allow" if statement.allows else "Deny"
            notes.append(StatementNote(source.name, statement.sid, number, effect, _failed_conditions(statement, keys)))
    return notes


def _failed_conditions(statement: Statement, keys: Keys) -> tuple[str, ...]:
    return tuple(condition.key for condition in statement.conditions if not condition.holds(keys))
