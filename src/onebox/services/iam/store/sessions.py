"""The table of temporary credentials."""

from __future__ import annotations

import json

from onebox.services.context import Principal
from onebox.services.iam.model import Session
from onebox.storage.database import Row, Storage

_COLUMNS = (
    "access_key_id, secret_access_key, session_token, account, role_arn, role_name, user_name, entity_id,"
    " principal_arn, user_id, policies, tags, transitive_tags, source_identity, issued_at_ms, expiration_at_ms"
)


class SessionStore:
    """Sessions of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, access_key_id: str) -> Session | None:
        """A session by its access key, expired or not."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_session WHERE access_key_id = ?", (access_key_id,))
        return _session(row) if row else None

    def insert(self, session: Session) -> None:
        """Add a session."""
        principal = session.principal
        values = (
            session.access_key_id,
            session.secret_access_key,
            session.session_token,
            principal.account,
            session.role_arn,
            principal.role_name,
            principal.user_name,
            principal.entity_id,
            principal.arn,
            principal.user_id,
            json.dumps(principal.session_policies),
            json.dumps(dict(principal.session_tags)),
            json.dumps(principal.transitive_tags),
            principal.source_identity,
            session.issued_at_ms,
            session.expiration_at_ms,
        )
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO iam_session ({_COLUMNS}) VALUES ({marks})", values)

    def delete_expired_before(self, moment_ms: int, limit: int) -> None:
        """Remove at most ``limit`` sessions, the oldest first."""
        self._db.execute(
            "DELETE FROM iam_session WHERE access_key_id IN (SELECT access_key_id FROM iam_session"
            " WHERE expiration_at_ms < ? ORDER BY expiration_at_ms LIMIT ?)",
            (moment_ms, limit),
        )


def _session(row: Row) -> Session:
    key, secret, token, account, role_arn, role_name, user_name, entity_id, arn, user_id, *rest = row
    policies, tags, transitive_tags, source_identity, issued_at_ms, expiration_at_ms = rest
    principal = Principal(
        account=account,
        arn=arn,
        user_id=user_id,
        role_name=role_name,
        session_policies=tuple(json.loads(policies)),
        user_name=user_name,
        entity_id=entity_id,
        entity_arn=role_arn,
        session_tags=tuple(json.loads(tags).items()),
        transitive_tags=tuple(json.loads(transitive_tags)),
        source_identity=source_identity,
        issued_at_ms=issued_at_ms,
    )
    return Session(
        access_key_id=key,
        secret_access_key=secret,
        session_token=token,
        role_arn=role_arn,
        principal=principal,
        issued_at_ms=issued_at_ms,
        expiration_at_ms=expiration_at_ms,
    )
