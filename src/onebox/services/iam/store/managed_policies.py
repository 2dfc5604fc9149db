"""The tables of customer managed policies and their versions. Those of AWS itself are data of the program."""

from __future__ import annotations

import json

from onebox.services.iam.model import ManagedPolicy, PolicyVersion
from onebox.storage.database import Row, Storage

_COLUMNS = (
    "arn, account, name, path, policy_id, description, default_version, newest_version, created_at_ms,"
    " updated_at_ms, tags"
)


class ManagedPolicyStore:
    """Policies of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, arn: str) -> ManagedPolicy | None:
        """A policy by ARN."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_policy WHERE arn = ?", (arn,))
        return _policy(row) if row else None

    def find_named(self, account: str, name: str) -> ManagedPolicy | None:
        """A policy by name, in any case."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_policy WHERE account = ? AND name = ?", (account, name))
        return _policy(row) if row else None

    def list_all(self, account: str) -> list[ManagedPolicy]:
        """All of an account (at most 1,500), by name."""
        rows = self._db.all(f"SELECT {_COLUMNS} FROM iam_policy WHERE account = ? ORDER BY name", (account,))
        return [_policy(row) for row in rows]

    def count(self, account: str) -> int:
        """How many the account has."""
        row = self._db.first("SELECT count(*) FROM iam_policy WHERE account = ?", (account,))
        assert row is not None
        return int(row[0])

    def insert(self, policy: ManagedPolicy) -> None:
        """Add a policy, without versions."""
        values = (
            policy.arn,
            policy.account,
            policy.name,
            policy.path,
            policy.policy_id,
            policy.description,
            policy.default_version,
            policy.newest_version,
            policy.created_at_ms,
            policy.updated_at_ms,
            json.dumps(policy.tags),
        )
        self._db.execute(f"INSERT INTO iam_policy ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def update(self, policy: ManagedPolicy) -> None:
        """Write all that may change."""
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

    def delete(self, arn: str) -> None:
        """Remove a policy with its versions."""
        self._db.execute("DELETE FROM iam_policy_version WHERE policy_arn = ?", (arn,))
        self._db.execute("DELETE FROM iam_policy WHERE arn = ?", (arn,))

    def insert_version(self, arn: str, version: PolicyVersion) -> None:
        """Add a version."""
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
        """One version."""
        row = self._db.first(
            "SELECT version, document, created_at_ms FROM iam_policy_version WHERE policy_arn = ? AND version = ?",
            (arn, version),
        )
        return PolicyVersion(*row) if row else None

    def delete_version(self, arn: str, version: int) -> None:
        """Remove a version."""
        self._db.execute("DELETE FROM iam_policy_version WHERE policy_arn = ? AND version = ?", (arn, version))


def _policy(row: Row) -> ManagedPolicy:
    arn, account, name, path, policy_id, description, default, newest, created_ms, updated_ms, tags = row
    return ManagedPolicy(
        arn=arn,
        account=account,
        name=name,
        path=path,
        policy_id=policy_id,
        description=description,
        default_version=default,
        newest_version=newest,
        tags=json.loads(tags),
        created_at_ms=created_ms,
        updated_at_ms=updated_ms,
    )
