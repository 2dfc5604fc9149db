"""Credentials that onebox issued: users' access keys and temporary ones; whom they stand for.

Promises: a look-up answers from memory and never with what the last change of IAM's tables ended: such a change calls
:meth:`IssuedCredentials.forget`. Temporary credentials end with their role or user.
Signatures are the gateway's to check.
"""

from __future__ import annotations

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.services.context import Principal
from onebox.services.iam.model import AccessKey, Credentials, Session, User
from onebox.services.iam.permissions import Permissions
from onebox.services.iam.store.access_keys import AccessKeyStore
from onebox.services.iam.store.sessions import SessionStore
from onebox.services.iam.store.users import UserStore
from onebox.storage.database import Storage

_REMEMBERED_MAX = 10_000
_TIDIED_AT_ONCE = 100
_DAY_MS = 86_400_000
_USE_KEPT_MS = 60_000
"""How exactly the last use of an access key is kept."""


class IssuedCredentials:
    """Issues credentials and finds them again."""

    def __init__(
        self,
        storage: Storage,
        ids: Ids,
        sessions: SessionStore,
        access_keys: AccessKeyStore,
        users: UserStore,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._ids = ids
        self._sessions = sessions
        self._access_keys = access_keys
        self._users = users
        self._permissions = permissions
        self._clock = clock
        self._known: dict[str, Credentials] = {}
        self._used_at_ms: dict[str, int] = {}

    def find(self, access_key_id: str) -> Credentials | None:
        """The credentials of an access key, expired ones too: compare ``expiration_at_ms`` with the clock. None if
        the key was never issued, was deleted or switched off, or if its role or user is gone."""
        known = self._known.get(access_key_id)
        if known is None:
            known = self._load(access_key_id)
            if known is not None:
                if len(self._known) >= _REMEMBERED_MAX:
                    self._known.clear()
                self._known[access_key_id] = known
        return known

    def find_account(self, access_key_id: str) -> str | None:
        """The account of an issued key, live or not."""
        session = self._sessions.find(access_key_id)
        if session is not None:
            return session.principal.account
        key = self._access_keys.find(access_key_id)
        user = self._users.find_by_id(key.user_id) if key else None
        return user.account if user else None

    def note_use(self, access_key_id: str, service: str, region: str, now_ms: int) -> None:
        """Remember the last use of a user's key, at most once a minute."""
        if now_ms - self._used_at_ms.get(access_key_id, 0) < _USE_KEPT_MS:
            return
        if len(self._used_at_ms) >= _REMEMBERED_MAX:
            self._used_at_ms.clear()
        self._used_at_ms[access_key_id] = now_ms
        self._storage.run(lambda: self._access_keys.set_used(access_key_id, now_ms, service, region))

    def forget(self) -> None:
        """Look every key up again; called when keys, users or roles change."""
        self._known.clear()

    def issue_session(self, principal: Principal, role_arn: str | None, now_ms: int, duration_s: int) -> Session:
        """New temporary credentials, stored with the caller's transaction."""
        session = Session(
            access_key_id=f"ASIA{self._ids.token(16)}",
            secret_access_key=self._ids.token(40),
            session_token=f"IQoJ{self._ids.token(200)}",
            role_arn=role_arn,
            principal=principal,
            issued_at_ms=now_ms,
            expiration_at_ms=now_ms + duration_s * 1000,
        )
        # Kept a day longer, so that late users read «expired» and not «unknown».
        self._sessions.delete_expired_before(self._clock.trusted_ms() - _DAY_MS, _TIDIED_AT_ONCE)
        self._sessions.insert(session)
        return session

    def issue_access_key(self, user: User, now_ms: int) -> AccessKey:
        """A new long-term key of a user, stored with the caller's transaction."""
        key = AccessKey(
            access_key_id=f"AKIA{self._ids.token(16)}",
            secret_access_key=self._ids.token(40),
            user_id=user.id,
            is_active=True,
            created_at_ms=now_ms,
        )
        self._access_keys.insert(key)
        return key

    def _load(self, access_key_id: str) -> Credentials | None:
        session = self._sessions.find(access_key_id)
        if session is not None:
            return self._of_session(session)
        key = self._access_keys.find(access_key_id)
        user = self._users.find_by_id(key.user_id) if key and key.is_active else None
        if key is None or user is None:
            return None
        return Credentials(key.secret_access_key, None, None, user_principal(user))

    def _of_session(self, session: Session) -> Credentials | None:
        principal = session.principal
        is_entitys = principal.role_name is not None or principal.user_name is not None
        if is_entitys and self._permissions.find_entity(principal) is None:
            return None
        return Credentials(
            session.secret_access_key, session.session_token, session.expiration_at_ms, session.principal
        )


def user_principal(user: User) -> Principal:
    """A user as caller."""
    return Principal(account=user.account, arn=user.arn, user_id=user.id, user_name=user.name, entity_id=user.id)
