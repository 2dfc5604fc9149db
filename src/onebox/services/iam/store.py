"""IAM's SQL and the mapping of its rows, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.context import Principal
from onebox.services.iam.model import ManagedPolicy, PolicyVersion, Role, Session
from onebox.storage.database import Row, Storage

_ROLE = (
    "account, name, path, role_id, arn, trust_policy, description, max_session_s, permissions_boundary,"
    " tags, created_at_ms"
)
_POLICY = (
    "arn, account, name, path, policy_id, description, default_version, newest_version, tags,"
    " created_at_ms, updated_at_ms"
)
_SESSION = (
    "access_key_id, secret_access_key, session_token, account, role_arn, role_name, principal_arn, user_id,"
    " policies, issued_at_ms, expiration_at_ms"
)


class IamStore:
    """Roles, policies, attachments and sessions of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    # Roles

    def find_role(self, account: str, name: str) -> Role | None:
        row = self._db.first(f"SELECT {_ROLE} FROM iam_role WHERE account = ? AND name = ?", (account, name))
        return _role(row) if row else None

    def list_roles(self, account: str, path_prefix: str, after: str, limit: int) -> list[Role]:
        rows = self._db.all(
            f"SELECT {_ROLE} FROM iam_role WHERE account = ? AND name > ? AND substr(path, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (account, after, len(path_prefix), path_prefix, limit),
        )
        return [_role(row) for row in rows]

    def count_roles(self, account: str) -> int:
        return self._count("SELECT count(*) FROM iam_role WHERE account = ?", account)

    def insert_role(self, role: Role) -> None:
        self._db.execute(
            f"INSERT INTO iam_role ({_ROLE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                role.account,
                role.name,
                role.path,
                role.role_id,
                role.arn,
                role.trust_policy,
                role.description,
                role.max_session_s,
                role.permissions_boundary,
                json.dumps(role.tags),
                role.created_at_ms,
            ),
        )

    def update_role(self, role: Role) -> None:
        self._db.execute(
            "UPDATE iam_role SET trust_policy = ?, description = ?, max_session_s = ?,"
            " permissions_boundary = ?, tags = ? WHERE account = ? AND name = ?",
            (
                role.trust_policy,
                role.description,
                role.max_session_s,
                role.permissions_boundary,
                json.dumps(role.tags),
                role.account,
                role.name,
            ),
        )

    def delete_role(self, role: Role) -> None:
        self._db.execute("DELETE FROM iam_role WHERE account = ? AND name = ?", (role.account, role.name))

    # Inline policies

    def list_inline_policies(self, role: Role) -> list[tuple[str, str]]:
        """Pairs of name and document, by name."""
        return [
            (name, document)
            for name, document in self._db.all(
                "SELECT name, document FROM iam_role_inline_policy WHERE account = ? AND role = ? ORDER BY name",
                (role.account, role.name),
            )
        ]

    def put_inline_policy(self, role: Role, name: str, document: str) -> None:
        self._db.execute(
            "INSERT INTO iam_role_inline_policy (account, role, name, document) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account, role, name) DO UPDATE SET document = excluded.document",
            (role.account, role.name, name, document),
        )

    def delete_inline_policy(self, role: Role, name: str) -> bool:
        self._db.execute(
            "DELETE FROM iam_role_inline_policy WHERE account = ? AND role = ? AND name = ?",
            (role.account, role.name, name),
        )
        return self._db.changes() > 0

    # Managed policies

    def find_policy(self, arn: str) -> ManagedPolicy | None:
        row = self._db.first(f"SELECT {_POLICY} FROM iam_policy WHERE arn = ?", (arn,))
        return _policy(row) if row else None

    def find_policy_named(self, account: str, name: str) -> ManagedPolicy | None:
        row = self._db.first(f"SELECT {_POLICY} FROM iam_policy WHERE account = ? AND name = ?", (account, name))
        return _policy(row) if row else None

    def list_policies(self, account: str) -> list[ManagedPolicy]:
        """All of an account (at most 1,500), by name."""
        rows = self._db.all(f"SELECT {_POLICY} FROM iam_policy WHERE account = ? ORDER BY name", (account,))
        return [_policy(row) for row in rows]

    def count_policies(self, account: str) -> int:
        return self._count("SELECT count(*) FROM iam_policy WHERE account = ?", account)

    def insert_policy(self, policy: ManagedPolicy) -> None:
        self._db.execute(
            f"INSERT INTO iam_policy ({_POLICY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                policy.arn,
                policy.account,
                policy.name,
                policy.path,
                policy.policy_id,
                policy.description,
                policy.default_version,
                policy.newest_version,
                json.dumps(policy.tags),
                policy.created_at_ms,
                policy.updated_at_ms,
            ),
        )

    def update_policy(self, policy: ManagedPolicy) -> None:
        self._db.execute(
            "UPDATE iam_policy SET default_version = ?, newest_version = ?, tags = ?, updated_at_ms = ? WHERE arn = ?",
            (
                policy.default_version,
                policy.newest_version,
                json.dumps(policy.tags),
                policy.updated_at_ms,
                policy.arn,
            ),
        )

    def delete_policy(self, arn: str) -> None:
        self._db.execute("DELETE FROM iam_policy_version WHERE policy_arn = ?", (arn,))
        self._db.execute("DELETE FROM iam_policy WHERE arn = ?", (arn,))

    def insert_version(self, arn: str, version: PolicyVersion) -> None:
        self._db.execute(
            "INSERT INTO iam_policy_version (policy_arn, version, document, created_at_ms) VALUES (?, ?, ?, ?)",
            (arn, version.version, version.document, version.created_at_ms),
        )

    def list_versions(self, arn: str) -> list[PolicyVersion]:
        """At most five, newest first."""
        rows = self._db.all(
            "SELECT version, document, created_at_ms FROM iam_policy_version WHERE policy_arn = ?"
            " ORDER BY version DESC",
            (arn,),
        )
        return [PolicyVersion(*row) for row in rows]

    def find_version(self, arn: str, version: int) -> PolicyVersion | None:
        row = self._db.first(
            "SELECT version, document, created_at_ms FROM iam_policy_version WHERE policy_arn = ? AND version = ?",
            (arn, version),
        )
        return PolicyVersion(*row) if row else None

    def delete_version(self, arn: str, version: int) -> None:
        self._db.execute("DELETE FROM iam_policy_version WHERE policy_arn = ? AND version = ?", (arn, version))

    # Attachments

    def attach(self, role: Role, policy_arn: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO iam_role_attachment (account, role, policy_arn) VALUES (?, ?, ?)",
            (role.account, role.name, policy_arn),
        )

    def detach(self, role: Role, policy_arn: str) -> bool:
        self._db.execute(
            "DELETE FROM iam_role_attachment WHERE account = ? AND role = ? AND policy_arn = ?",
            (role.account, role.name, policy_arn),
        )
        return self._db.changes() > 0

    def list_attached(self, role: Role) -> list[str]:
        """The ARNs of a role's managed policies."""
        rows = self._db.all(
            "SELECT policy_arn FROM iam_role_attachment WHERE account = ? AND role = ? ORDER BY policy_arn",
            (role.account, role.name),
        )
        return [arn for (arn,) in rows]

    def list_roles_attached_to(self, account: str, policy_arn: str) -> list[str]:
        """The names of the roles that have the policy."""
        rows = self._db.all(
            "SELECT role FROM iam_role_attachment WHERE account = ? AND policy_arn = ? ORDER BY role",
            (account, policy_arn),
        )
        return [name for (name,) in rows]

    def list_roles_bounded_by(self, account: str, policy_arn: str) -> list[str]:
        """The names of the roles whose permissions boundary is the policy."""
        rows = self._db.all(
            "SELECT name FROM iam_role WHERE account = ? AND permissions_boundary = ? ORDER BY name",
            (account, policy_arn),
        )
        return [name for (name,) in rows]

    # Sessions

    def insert_session(self, session: Session) -> None:
        self._db.execute(
            f"INSERT INTO iam_session ({_SESSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                session.access_key_id,
                session.secret_access_key,
                session.session_token,
                session.account,
                session.role_arn,
                session.role_name,
                session.principal.arn,
                session.principal.user_id,
                json.dumps(session.principal.session_policies),
                session.issued_at_ms,
                session.expiration_at_ms,
            ),
        )

    def find_session(self, access_key_id: str) -> Session | None:
        row = self._db.first(f"SELECT {_SESSION} FROM iam_session WHERE access_key_id = ?", (access_key_id,))
        return _session(row) if row else None

    def delete_sessions_expired_before(self, moment_ms: int, limit: int) -> None:
        self._db.execute(
            "DELETE FROM iam_session WHERE access_key_id IN (SELECT access_key_id FROM iam_session"
            " WHERE expiration_at_ms < ? ORDER BY expiration_at_ms LIMIT ?)",
            (moment_ms, limit),
        )

    def _count(self, sql: str, *parameters: Any) -> int:
        row = self._db.first(sql, parameters)
        assert row is not None
        return int(row[0])


def _role(row: Row) -> Role:
    account, name, path, role_id, arn, trust, description, max_session_s, boundary, tags, created_at_ms = row
    return Role(
        account,
        name,
        path,
        role_id,
        arn,
        trust,
        description,
        max_session_s,
        boundary,
        json.loads(tags),
        created_at_ms,
    )


def _policy(row: Row) -> ManagedPolicy:
    arn, account, name, path, policy_id, description, default, newest, tags, created_ms, updated_ms = row
    return ManagedPolicy(
        arn,
        account,
        name,
        path,
        policy_id,
        description,
        default,
        newest,
        json.loads(tags),
        created_ms,
        updated_ms,
    )


def _session(row: Row) -> Session:
    key, secret, token, account, role_arn, role_name, arn, user_id, policies, issued, expiration = row
    principal = Principal(account, arn, user_id, role_name, tuple(json.loads(policies)))
    return Session(key, secret, token, account, role_arn, role_name, principal, issued, expiration)
