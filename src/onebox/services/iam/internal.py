"""What other services and the gateway ask of IAM: roles, credentials, and whether a caller may do something.

Promises: :meth:`IamInternal.check` answers from memory, in a microsecond or so, and never from policies older
than the last change.
Knows nothing of HTTP; credentials are only looked up here, signatures are the gateway's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from onebox.arn import find_arn
from onebox.services.beside import Beside
from onebox.services.context import Principal, RequestContext
from onebox.services.iam.aws_policies import find_aws_policy_version
from onebox.services.iam.builtin_user import builtin_principal
from onebox.services.iam.core import Core
from onebox.services.iam.errors import NoSuchEntityException
from onebox.services.iam.model import Credentials, Role, Session
from onebox.services.iam.patterns import Keys
from onebox.services.iam.permissions import BOUNDARY, IDENTITY, DeniedBy, Question
from onebox.services.iam.policy import (
    ALLOWED,
    Caller,
    Decision,
    PolicyRequest,
    Statement,
    compile_policy,
    count_comparisons,
    evaluate,
    principal_caller,
    service_caller,
)
from onebox.services.iam.policy import condition_keys as normalized_keys
from onebox.services.iam.policy_grammar import check_identity_policy
from onebox.services.iam.refusals import Refusals, find_notes
from onebox.services.iam.request_keys import find_request_keys
from onebox.services.registry import ConditionKeys

_NONE: ConditionKeys = {}
_COMPARISONS_MAX = 1_000
"""More are made beside the event loop where that is possible: a millisecond or so."""


class IamInternal:
    """Decisions, roles and credentials."""

    def __init__(self, core: Core, log: logging.Logger) -> None:
        self._core = core
        self.refusals = Refusals(log)

    # May the caller?

    def check(
        self,
        context: RequestContext,
        action: str,
        resources: Sequence[str],
        find_condition_keys: Callable[[], ConditionKeys] | None = None,
        find_resource_policy: Callable[[], Sequence[Statement]] | None = None,
        beside: Beside | None = None,
    ) -> Decision:
        """Whether the context's principal may do ``action`` (``sqs:SendMessage``) on all of the resources.

        ``find_condition_keys`` gives the service's own condition keys; it is called when a policy asks for a key.
        ``find_resource_policy`` gives the resource's own policy; see :class:`onebox.services.registry.Access`.
        A denial carries AWS's sentence as ``reason``. Plain credentials may do everything. Raises nothing, but
        WorkNeeded if it is given ``beside`` and the principal has long policies.
        """
        principal = context.principal
        if principal.is_unrestricted:
            return ALLOWED
        for resource in resources:
            find_keys = _keys_once(self, context, resource, find_condition_keys)
            question = Question(principal, action, resource, find_keys, find_resource_policy)
            denied = self._core.permissions.decide(question, beside)
            if denied is not None:
                self._note_refusal(context, question, denied, beside)
                return _denied(principal, action, resource, denied)
        return ALLOWED

    def _note_refusal(
        self, context: RequestContext, question: Question, denied: DeniedBy, beside: Beside | None
    ) -> None:
        asked = [one for one in self._core.permissions.list_sources(question) if one.kind == denied.kind]
        statements = [statement for source in asked for statement in source.statements]
        if beside is None or count_comparisons(statements) <= _COMPARISONS_MAX:
            notes = find_notes(asked, question)
        else:
            question.find_keys()  # now: the thread reads no tables
            name = ("refusal", question.action, question.resource)
            notes = beside.result(name, statements, lambda: find_notes(asked, question))
        self.refusals.add(context, question, denied, asked, notes)

    def check_pass_role(
        self, context: RequestContext, role_arn: str, service: str, associated_arn: str | None = None
    ) -> Decision:
        """Whether the caller may hand the role to ``service`` (``lambda.amazonaws.com``), for the resource
        ``associated_arn`` if the service names one."""

        def find_keys() -> ConditionKeys:
            keys = {"iam:PassedToService": service}
            return keys | {"iam:AssociatedResourceArn": associated_arn} if associated_arn else keys

        return self.check(context, "iam:PassRole", [role_arn], find_keys)

    def trusts_service(self, role: Role, service: str) -> bool:
        """Whether the role's trust policy lets ``service`` (``lambda.amazonaws.com``) assume it."""
        return _trusts(role, service_caller(service), {})

    def trusts_caller(
        self,
        role: Role,
        context: RequestContext,
        keys: Mapping[str, str | Iterable[str]] = _NONE,
        action: str = "sts:AssumeRole",
    ) -> bool:
        """Whether the role's trust policy lets the context's principal assume it, or tag the session."""
        return _trusts(role, principal_caller(context.principal), self.keys_of(context, role.arn, keys), action)

    def keys_of(self, context: RequestContext, resource: str, extra: Mapping[str, str | Iterable[str]] = _NONE) -> Keys:
        """The condition keys every request has, and the extra ones. AWS: «global condition context keys»."""
        principal = context.principal
        entity = self._core.permissions.find_entity(principal)
        tags = {**(entity.tags if entity else {}), **dict(principal.session_tags)}
        keys = find_request_keys(context, resource, tags)
        return normalized_keys({**keys, **extra})

    # Roles

    def find_role(self, account: str, role_name_or_arn: str) -> Role | None:
        """A role of the account by name or ARN; None if there is none, or the ARN is of another account."""
        if not role_name_or_arn.startswith("arn:"):
            return self._core.roles.find(account, role_name_or_arn)
        arn = find_arn(role_name_or_arn)
        if arn is None or arn.service != "iam" or not arn.resource.startswith("role/"):
            return None
        role = self._core.roles.find(arn.account, arn.resource.rpartition("/")[2])
        return role if role and role.account == account and role.arn == role_name_or_arn else None

    def check_policy_document(self, document: str) -> None:
        """Raise MalformedPolicyDocument unless the document may restrict a session."""
        check_identity_policy(document)

    def find_policy_document(self, account: str, arn: str) -> str | None:
        """The default version of a managed policy of AWS or of the account; None if there is none such."""
        if find_aws_policy_version(arn) is None:
            policy = self._core.managed_policies.find(arn)
            if policy is None or policy.account != account:
                return None
        return self._core.permissions.policy_document(arn)

    # Credentials

    def find_credentials(self, access_key_id: str) -> Credentials | None:
        """See :meth:`onebox.services.iam.credentials.IssuedCredentials.find`."""
        return self._core.credentials.find(access_key_id)

    def find_key_account(self, access_key_id: str) -> str | None:
        """The account of an issued key, live or not."""
        return self._core.credentials.find_account(access_key_id)

    def note_key_use(self, access_key_id: str, service: str, region: str, now_ms: int) -> None:
        """See :meth:`onebox.services.iam.credentials.IssuedCredentials.note_use`."""
        self._core.credentials.note_use(access_key_id, service, region, now_ms)

    def plain_principal(self, account: str, partition: str) -> Principal:
        """Whom credentials that were not issued stand for, where they are accepted."""
        return builtin_principal(account, partition)

    def issue_session(
        self,
        context: RequestContext,
        role_arn: str,
        session_name: str,
        duration_s: int,
        policies: Sequence[str] = (),
    ) -> Session:
        """New credentials of the role, stored with the caller's transaction. Whether the caller may assume it is for
        him to ask. ``policies`` are documents that restrict the session. Raises NoSuchEntity if there is no role."""
        arn = find_arn(role_arn)
        role = self.find_role(arn.account, role_arn) if arn else None
        if role is None:
            raise NoSuchEntityException(f"The role with ARN {role_arn} cannot be found.")
        principal = replace(role_principal(role, session_name), session_policies=tuple(policies))
        return self.issue(context, principal, duration_s, role.arn)

    def issue(
        self, context: RequestContext, principal: Principal, duration_s: int, role_arn: str | None = None
    ) -> Session:
        """New temporary credentials of any principal, stored with the caller's transaction."""
        principal = replace(principal, issued_at_ms=context.now_ms)
        return self._core.credentials.issue_session(principal, role_arn, context.now_ms, duration_s)


def role_principal(role: Role, session_name: str) -> Principal:
    """A session of a role as caller. Its rights end with the role."""
    partition = role.arn.split(":", 2)[1]
    return Principal(
        account=role.account,
        arn=f"arn:{partition}:sts::{role.account}:assumed-role/{role.name}/{session_name}",
        user_id=f"{role.id}:{session_name}",
        role_name=role.name,
        entity_id=role.id,
        entity_arn=role.arn,
    )


def _keys_once(
    iam: IamInternal, context: RequestContext, resource: str, find_extra: Callable[[], ConditionKeys] | None
) -> Callable[[], Keys]:
    """The condition keys, made at their first use: most statements need none."""
    made: list[Keys] = []

    def find_keys() -> Keys:
        if not made:
            made.append(iam.keys_of(context, resource, find_extra() if find_extra is not None else _NONE))
        return made[0]

    return find_keys


def _trusts(role: Role, caller: Caller, keys: Keys, action: str = "sts:AssumeRole") -> bool:
    request = PolicyRequest(action, role.arn, caller, keys)
    return evaluate(compile_policy(role.trust_policy), request).allowed


def _denied(principal: Principal, action: str, resource: str, denied: DeniedBy) -> Decision:
    """AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
    sentence = f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}"
    policy = BOUNDARY if denied.kind == BOUNDARY else f"{denied.kind} policy"
    if denied.explicit:
        article = "an" if denied.kind == IDENTITY else "a"
        return Decision(False, True, f"{sentence} with an explicit deny in {article} {policy}")
    return Decision(False, False, f"{sentence} because no {policy} allows the {action} action")
