"""The policies that bind a principal: identity-based ones, the permissions boundary, those of its session.

Promises: :meth:`Permissions.decide` answers from memory, in a microsecond or so, and never from policies older than
the last change: every change of IAM's tables calls :meth:`Permissions.forget`.
Knows nothing of requests and of the wire.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from onebox.arn import find_arn
from onebox.services.beside import Beside
from onebox.services.context import Principal
from onebox.services.iam.aws_policies import find_aws_policy_version
from onebox.services.iam.model import Entity, Group, Role, User
from onebox.services.iam.patterns import Keys
from onebox.services.iam.policy import (
    LONG_CHARACTERS,
    Answers,
    Caller,
    Decision,
    PolicyRequest,
    PolicySet,
    Statement,
    compile_policy,
    evaluate,
    principal_caller,
)
from onebox.services.iam.store.entity_policies import EntityPolicyStore
from onebox.services.iam.store.groups import GroupStore
from onebox.services.iam.store.managed_policies import ManagedPolicyStore
from onebox.services.iam.store.roles import RoleStore
from onebox.services.iam.store.users import UserStore

IDENTITY = "identity-based"
BOUNDARY = "permissions boundary"
SESSION = "session"
RESOURCE = "resource-based"
_REMEMBERED_MAX = 10_000
_REMEMBERED_CHARACTERS_MAX = 16 * 1024 * 1024
"""Of the documents of all sets."""


class PolicySource(NamedTuple):
    """One policy that takes part in a decision. ``name`` is the ARN of a managed policy, else what it is in words."""

    kind: str
    name: str
    statements: Sequence[Statement]


class Question(NamedTuple):
    """May the principal do the action to the resource? ``find_resource_policy`` gives the resource's own policy."""

    principal: Principal
    action: str
    resource: str
    find_keys: Callable[[], Keys]
    find_resource_policy: Callable[[], Sequence[Statement]] | None = None


class EntityPolicy(NamedTuple):
    """An identity-based policy and the role, user or group that has it. ``name`` is the ARN of a managed policy."""

    owner: Entity
    name: str
    is_inline: bool
    document: str

    @property
    def title(self) -> str:
        """The ARN, or the inline policy in words."""
        if not self.is_inline:
            return self.name
        return f"inline policy {self.name} of {type(self.owner).__name__.lower()} {self.owner.name}"


class DeniedBy(NamedTuple):
    """The kind of policies that denied, and whether a Deny statement did."""

    kind: str
    explicit: bool


class Permissions:
    """The policies in force."""

    def __init__(
        self,
        roles: RoleStore,
        users: UserStore,
        groups: GroupStore,
        entity_policies: EntityPolicyStore,
        managed_policies: ManagedPolicyStore,
    ) -> None:
        self._roles = roles
        self._users = users
        self._groups = groups
        self._entity_policies = entity_policies
        self._managed_policies = managed_policies
        self._entity_sets: dict[tuple[str, str | None, str | None, str | None], tuple[tuple[str, PolicySet], ...]] = {}
        self._session_sets: dict[tuple[str, ...], PolicySet] = {}
        self._characters = 0
        """Of the documents of both."""
        self._answers = Answers()

    def decide(self, question: Question, beside: Beside | None = None) -> DeniedBy | None:
        """None if every kind of policy that binds the principal allows the action, else which one does not.

        With ``beside`` long policies are compiled and asked beside the event loop: raises WorkNeeded.

        The resource's own policy can deny. If it allows the action and names the principal, not the account alone, it
        stands in for an identity-based policy, and for a user's boundary as well.
        """
        principal = question.principal
        if principal.is_unrestricted:
            return None
        find_policy = question.find_resource_policy
        statements = find_policy() if find_policy is not None else ()
        for kind, policies in self._sets_of(principal, beside):
            decision = _decide(kind, policies, question, beside)
            if decision.allowed:
                continue
            can_be_granted = kind == IDENTITY or (kind == BOUNDARY and principal.role_name is None)
            if decision.explicit or not can_be_granted or not _is_granted(question, statements):
                return DeniedBy(kind, decision.explicit)
        return DeniedBy(RESOURCE, True) if _is_denied(question, statements) else None

    def forget(self) -> None:
        """Read every entity's policies again at its next request; called with every change of IAM's tables."""
        self._entity_sets.clear()
        self._session_sets.clear()
        self._answers.clear()
        self._characters = 0

    def find_entity(self, principal: Principal) -> Role | User | None:
        """The role or user that the principal stands for; None for root, and where the name is another's by now."""
        entity: Role | User | None = None
        if principal.role_name is not None:
            entity = self._roles.find(principal.account, principal.role_name)
        elif principal.entity_id is not None:
            entity = self._users.find_by_id(principal.entity_id)
        elif principal.user_name is not None:
            entity = self._users.find(principal.account, principal.user_name)
        if entity is not None and principal.entity_id not in (None, entity.id):
            return None
        return entity

    def list_sources(self, question: Question) -> list[PolicySource]:
        """Every policy that takes part, in the order in which they are asked."""
        principal = question.principal
        entity = self.find_entity(principal)
        sources = []
        if entity is not None:
            sources += [
                PolicySource(IDENTITY, own.title, compile_policy(own.document))
                for own in self.identity_policies(entity)
            ]
            if entity.permissions_boundary is not None:
                boundary = entity.permissions_boundary
                sources.append(PolicySource(BOUNDARY, boundary, compile_policy(self.policy_document(boundary))))
        for number, text in enumerate(principal.session_policies, 1):
            sources.append(PolicySource(SESSION, f"session policy {number}", compile_policy(text)))
        if question.find_resource_policy is not None:
            name = f"policy of {question.resource}"
            sources.append(PolicySource(RESOURCE, name, question.find_resource_policy()))
        return sources

    def identity_policies(self, entity: Role | User | Group) -> list[EntityPolicy]:
        """Every identity-based policy: of the entity itself, then of a user's groups."""
        policies = self._own_policies(entity)
        if isinstance(entity, User):
            for group in self._groups.list_of_user(entity):
                policies += self._own_policies(group)
        return policies

    def policy_document(self, arn: str) -> str:
        """The default version of a managed policy that exists."""
        version = find_aws_policy_version(arn)
        if version is None:
            policy = self._managed_policies.find(arn)
            assert policy is not None, arn
            version = self._managed_policies.find_version(arn, policy.default_version)
        assert version is not None, arn
        return version.document

    def _own_policies(self, entity: Entity) -> list[EntityPolicy]:
        inline = [
            EntityPolicy(entity, name, True, document) for name, document in self._entity_policies.list_inline(entity)
        ]
        attached = self._entity_policies.list_attached(entity)
        return inline + [EntityPolicy(entity, arn, False, self.policy_document(arn)) for arn in attached]

    def _sets_of(self, principal: Principal, beside: Beside | None) -> tuple[tuple[str, PolicySet], ...]:
        sets: tuple[tuple[str, PolicySet], ...] = ()
        if principal.role_name is not None or principal.user_name is not None:
            key = (principal.account, principal.role_name, principal.user_name, principal.entity_id)
            known = self._entity_sets.get(key)
            if known is None:
                known = self._load_sets(principal, beside)
                self._make_room(policies for _, policies in known)
                self._entity_sets[key] = known
            sets = known
        if principal.session_policies:
            sets = (*sets, (SESSION, self._session_set(principal.session_policies, beside)))
        return sets

    def _load_sets(self, principal: Principal, beside: Beside | None) -> tuple[tuple[str, PolicySet], ...]:
        entity = self.find_entity(principal)
        if entity is None:
            return ((IDENTITY, PolicySet(())),)
        documents = tuple(policy.document for policy in self.identity_policies(entity))
        identity = (IDENTITY, self._compiled(IDENTITY, documents, beside))
        if entity.permissions_boundary is None:
            return (identity,)
        boundary = (self.policy_document(entity.permissions_boundary),)
        return (identity, (BOUNDARY, self._compiled(BOUNDARY, boundary, beside)))

    def _session_set(self, documents: tuple[str, ...], beside: Beside | None) -> PolicySet:
        known = self._session_sets.get(documents)
        if known is None:
            known = self._compiled(SESSION, documents, beside)
            self._make_room([known])
            self._session_sets[documents] = known
        return known

    def _make_room(self, added: Iterable[PolicySet]) -> None:
        """Forget all sets if those that are added would make them too many or too large."""
        characters = sum(len(document) for policies in added for document in policies.documents)
        if (
            len(self._entity_sets) + len(self._session_sets) >= _REMEMBERED_MAX
            or self._characters + characters > _REMEMBERED_CHARACTERS_MAX
        ):
            self.forget()
        self._characters += characters

    def _compiled(self, kind: str, documents: tuple[str, ...], beside: Beside | None) -> PolicySet:
        def work() -> PolicySet:
            return PolicySet(_statements(documents), documents, self._answers)

        if beside is None or sum(map(len, documents)) <= LONG_CHARACTERS:
            return work()
        return beside.result(("policies", kind), documents, work)


def _decide(kind: str, policies: PolicySet, question: Question, beside: Beside | None) -> Decision:
    action, resource = question.action, question.resource
    if beside is None or not policies.is_long or policies.knows(action, resource):
        return policies.decide(action, resource, question.find_keys)
    keys = question.find_keys()  # read here: the thread reads no tables
    return beside.result(
        ("decision", kind, action, resource),
        policies.documents,
        lambda: policies.decide(action, resource, lambda: keys),
    )


def _is_granted(question: Question, statements: Sequence[Statement]) -> bool:
    """Whether the policy of a resource of the caller's account names the caller, and not the account alone."""
    arn = find_arn(question.resource)
    principal = question.principal
    if not statements or arn is None or arn.account not in ("", principal.account):
        return False
    names = (principal.arn, principal.entity_arn) if principal.entity_arn else (principal.arn,)
    asked = PolicyRequest(question.action, question.resource, Caller("AWS", frozenset(names)), question.find_keys())
    return evaluate(statements, asked).allowed


def _is_denied(question: Question, statements: Sequence[Statement]) -> bool:
    if all(statement.allows for statement in statements):
        return False
    caller = principal_caller(question.principal)
    asked = PolicyRequest(question.action, question.resource, caller, question.find_keys())
    return evaluate(statements, asked).explicit


def _statements(documents: Iterable[str]) -> list[Statement]:
    return [statement for document in documents for statement in compile_policy(document)]
