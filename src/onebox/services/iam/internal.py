"""What other services ask of IAM: roles, temporary credentials, and whether a caller may do something.

Promises: :meth:`IamInternal.check` answers from memory, in a microsecond or so, and never from policies older
than the last change: every change of IAM's tables calls :meth:`IamInternal.forget_policies`.
Knows nothing of HTTP; credentials are only looked up here, signatures are the gateway's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone

from onebox.arn import find_arn
from onebox.services.context import Deps, Principal, RequestContext
from onebox.services.iam.errors import NoSuchEntityException
from onebox.services.iam.managed import find_aws_policy_version
from onebox.services.iam.model import Role, Session
from onebox.services.iam.patterns import Keys
from onebox.services.iam.policy import (
    ALLOWED,
    Caller,
    Decision,
    PolicyRequest,
    PolicySet,
    Statement,
    account_caller,
    compile_policy,
    evaluate,
    service_caller,
)
from onebox.services.iam.policy import condition_keys as normalized_keys
from onebox.services.iam.store import IamStore
from onebox.services.iam.validation import check_identity_policy
from onebox.services.registry import ConditionKeys

RoleInfo = Role
_NONE: ConditionKeys = {}
_SESSIONS_REMEMBERED_MAX = 10_000
_SESSIONS_TIDIED_AT_ONCE = 100
_DAY_MS = 86_400_000


class IamInternal:
    """The policies in force and the sessions in use."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._store = IamStore(deps.storage)
        self._policy_sets: dict[tuple[str, str], tuple[tuple[str, PolicySet], ...]] = {}
        self._session_sets: dict[str, PolicySet] = {}
        self._sessions: dict[str, Session] = {}

    # May the caller?

    def check(
        self,
        context: RequestContext,
        action: str,
        resources: Sequence[str],
        find_condition_keys: Callable[[], ConditionKeys] | None = None,
    ) -> Decision:
        """Whether the context's principal may do ``action`` (``sqs:SendMessage``) on all of the resources.

        ``find_condition_keys`` gives the service's own condition keys; it is called when a policy asks for a key.
        Raises nothing; a denial carries AWS's sentence as ``reason``. Plain credentials are the root's.
        """
        principal = context.principal
        if principal.role_name is None and not principal.session_policies:
            return ALLOWED
        find_keys = _keys_once(self, context, find_condition_keys)
        policy_sets = self._policies_of(principal)
        for resource in resources:
            for kind, policies in policy_sets:
                decision = policies.decide(action, resource, find_keys)
                if not decision.allowed:
                    return _denied(principal, action, resource, kind, decision.explicit)
        return ALLOWED

    def check_pass_role(self, context: RequestContext, role_arn: str, service: str) -> Decision:
        """Whether the caller may hand the role to ``service`` (``lambda.amazonaws.com``)."""
        return self.check(context, "iam:PassRole", [role_arn], lambda: {"iam:PassedToService": service})

    def trusts_service(self, role: Role, service: str) -> bool:
        """Whether the role's trust policy lets ``service`` (``lambda.amazonaws.com``) assume it."""
        return _trusts(role, service_caller(service), {})

    def trusts_caller(
        self, role: Role, context: RequestContext, keys: Mapping[str, str | Iterable[str]] = _NONE
    ) -> bool:
        """Whether the role's trust policy lets the context's principal assume it."""
        return _trusts(role, self.caller_of(context.principal), self.keys_of(context, keys))

    def caller_of(self, principal: Principal) -> Caller:
        """A principal under the names that trust and resource policies may give it."""
        if principal.role_name is None:
            return account_caller(principal.account, principal.arn)
        role = self._store.find_role(principal.account, principal.role_name)
        return account_caller(principal.account, principal.arn, *([role.arn] if role else []))

    # Roles and sessions

    def find_role(self, account: str, role_name_or_arn: str) -> RoleInfo | None:
        """A role of the account by name or ARN; None if there is none, or the ARN is of another account."""
        if not role_name_or_arn.startswith("arn:"):
            return self._store.find_role(account, role_name_or_arn)
        arn = find_arn(role_name_or_arn)
        if arn is None or arn.service != "iam" or not arn.resource.startswith("role/"):
            return None
        role = self._store.find_role(arn.account, arn.resource.rpartition("/")[2])
        return role if role and role.account == account and role.arn == role_name_or_arn else None

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
        if arn is None or role is None:
            raise NoSuchEntityException(f"The role with ARN {role_arn} cannot be found.")
        principal = Principal(
            account=role.account,
            arn=f"arn:{arn.partition}:sts::{role.account}:assumed-role/{role.name}/{session_name}",
            user_id=f"{role.role_id}:{session_name}",
            role_name=role.name,
            session_policies=tuple(policies),
        )
        return self._issue(context, principal, role.arn, duration_s)

    def issue_account_session(self, context: RequestContext, duration_s: int) -> Session:
        """New credentials of the calling account itself (GetSessionToken)."""
        return self._issue(context, context.principal, None, duration_s)

    def find_session(self, access_key_id: str) -> Session | None:
        """The session of an access key, expired or not: compare ``expiration_at_ms`` with the clock.

        ``session.principal`` is the principal of its requests.
        """
        session = self._sessions.get(access_key_id)
        if session is None:
            session = self._store.find_session(access_key_id)
            if session is not None:
                if len(self._sessions) >= _SESSIONS_REMEMBERED_MAX:
                    self._sessions.clear()
                self._sessions[access_key_id] = session
        return session

    def _issue(self, context: RequestContext, principal: Principal, role_arn: str | None, duration_s: int) -> Session:
        ids = self._deps.ids
        session = Session(
            access_key_id=f"ASIA{ids.token(16)}",
            secret_access_key=ids.token(40),
            session_token=f"IQoJ{ids.token(200)}",
            account=principal.account,
            role_arn=role_arn,
            role_name=principal.role_name,
            principal=principal,
            issued_at_ms=context.now_ms,
            expiration_at_ms=context.now_ms + duration_s * 1000,
        )
        # Kept a day longer, so that late users read «expired» and not «unknown».
        self._store.delete_sessions_expired_before(context.now_ms - _DAY_MS, _SESSIONS_TIDIED_AT_ONCE)
        self._store.insert_session(session)
        return session

    # Policies in force

    def forget_policies(self) -> None:
        """Read every role's policies anew at its next request; called with every change of IAM's tables."""
        self._policy_sets.clear()

    def identity_documents(self, role: Role) -> list[tuple[str, str]]:
        """Name and document of every policy of the role: inline ones, then attached ones."""
        attached = [(arn, self.policy_document(arn)) for arn in self._store.list_attached(role)]
        return self._store.list_inline_policies(role) + attached

    def policy_document(self, arn: str) -> str:
        """The default version of a managed policy."""
        version = find_aws_policy_version(arn)
        if version is None:
            policy = self._store.find_policy(arn)
            assert policy is not None, arn
            version = self._store.find_version(arn, policy.default_version)
        assert version is not None, arn
        return version.document

    def check_policy_document(self, document: str) -> None:
        """Raise MalformedPolicyDocument unless the document may restrict a session."""
        check_identity_policy(document)

    def find_policy_document(self, account: str, arn: str) -> str | None:
        """The default version of a managed policy of AWS or of the account; None if there is none such."""
        if find_aws_policy_version(arn) is None:
            policy = self._store.find_policy(arn)
            if policy is None or policy.account != account:
                return None
        return self.policy_document(arn)

    def _policies_of(self, principal: Principal) -> tuple[tuple[str, PolicySet], ...]:
        sets: tuple[tuple[str, PolicySet], ...] = ()
        if principal.role_name is not None:
            key = (principal.account, principal.role_name)
            known = self._policy_sets.get(key)
            if known is None:
                known = self._policy_sets[key] = self._load_role_policies(*key)
            sets = known
        if principal.session_policies:
            sets = (*sets, ("session", self._session_policies(principal.session_policies)))
        return sets

    def _load_role_policies(self, account: str, role_name: str) -> tuple[tuple[str, PolicySet], ...]:
        role = self._store.find_role(account, role_name)
        if role is None:
            return (("identity-based", PolicySet(())),)
        documents = [document for _, document in self.identity_documents(role)]
        identity = ("identity-based", PolicySet(_statements(documents)))
        if role.permissions_boundary is None:
            return (identity,)
        boundary = [self.policy_document(role.permissions_boundary)]
        return (identity, ("permissions boundary", PolicySet(_statements(boundary))))

    def _session_policies(self, documents: tuple[str, ...]) -> PolicySet:
        key = "\n".join(documents)
        known = self._session_sets.get(key)
        if known is None:
            if len(self._session_sets) >= _SESSIONS_REMEMBERED_MAX:
                self._session_sets.clear()
            known = self._session_sets[key] = PolicySet(_statements(documents))
        return known

    def keys_of(self, context: RequestContext, extra: Mapping[str, str | Iterable[str]] = _NONE) -> Keys:
        """The condition keys every request has, and the extra ones. AWS: «global condition context keys»."""
        principal = context.principal
        keys: dict[str, str | Iterable[str]] = {
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalArn": principal.arn,
            "aws:PrincipalType": "Account" if principal.role_name is None else "AssumedRole",
            "aws:userid": principal.user_id,
            "aws:SourceIp": context.source_ip,
            "aws:RequestedRegion": context.region,
            "aws:SecureTransport": "true" if context.endpoint_url.startswith("https:") else "false",
            "aws:ViaAWSService": "false",
            "aws:EpochTime": str(context.now_ms // 1000),
            "aws:CurrentTime": _iso(context.now_ms),
        }
        if "user-agent" in context.headers:
            keys["aws:UserAgent"] = context.headers["user-agent"]
        role = self._store.find_role(principal.account, principal.role_name) if principal.role_name else None
        if role is not None:
            keys["aws:PrincipalArn"] = role.arn
            keys.update({f"aws:PrincipalTag/{name}": value for name, value in role.tags.items()})
        return normalized_keys({**keys, **extra})


def _keys_once(
    iam: IamInternal, context: RequestContext, find_extra: Callable[[], ConditionKeys] | None
) -> Callable[[], Keys]:
    """The condition keys, made at their first use: most statements need none."""
    made: list[Keys] = []

    def find_keys() -> Keys:
        if not made:
            made.append(iam.keys_of(context, find_extra() if find_extra is not None else _NONE))
        return made[0]

    return find_keys


def _trusts(role: Role, caller: Caller, keys: Keys) -> bool:
    request = PolicyRequest("sts:AssumeRole", role.arn, caller, keys)
    return evaluate(compile_policy(role.trust_policy), request).allowed


def _statements(documents: Iterable[str]) -> list[Statement]:
    return [statement for document in documents for statement in compile_policy(document)]


def _denied(principal: Principal, action: str, resource: str, kind: str, explicit: bool) -> Decision:
    """AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
    sentence = f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}"
    policy = kind if kind == "permissions boundary" else f"{kind} policy"
    if explicit:
        article = "an" if kind == "identity-based" else "a"
        return Decision(False, True, f"{sentence} with an explicit deny in {article} {policy}")
    return Decision(False, False, f"{sentence} because no {policy} allows the {action} action")


def _iso(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
