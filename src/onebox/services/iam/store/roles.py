"""The table of roles."""

from __future__ import annotations

import json
from collections import Counter

from onebox.services.iam.model import Role
from onebox.storage.database import Row, Storage

_COLUMNS = (
    "account, name, path, role_id, arn, created_at_ms, trust_policy, description, max_session_s,"
    " permissions_boundary, tags"
)


class RoleStore:
    """Roles of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, name: str) -> Role | None:
        """A role by name, in any case."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_role WHERE account = ? AND name = ?", (account, name))
        return _role(row) if row else None

    def find_by_id(self, role_id: str) -> Role | None:
        """A role by its unique id."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_role WHERE role_id = ?", (role_id,))
        return _role(row) if row else None

    def list_page(self, account: str, path_prefix: str, after: str, limit: int) -> list[Role]:
        """Roles under a path by name, after a name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_role WHERE account = ? AND name > ? AND substr(path, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (account, after, len(path_prefix), path_prefix, limit),
        )
        return [_role(row) for row in rows]

    def count(self, account: str) -> int:
        """How many the account has."""
        row = self._db.first("SELECT count(*) FROM iam_role WHERE account = ?", (account,))
        assert row is not None
        return int(row[0])

    def list_attached(self, account: str, policy_arn: str) -> list[Role]:
        """Those that have the managed policy, by name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_role WHERE account = ? AND role_id IN (SELECT owner_id FROM iam_attachment"
            " WHERE account = ? AND policy_arn = ?) ORDER BY name",
            (account, account, policy_arn),
        )
        return [_role(row) for row in rows]

    def list_bounded(self, account: str, policy_arn: str) -> list[Role]:
        """Those whose permissions boundary is the policy, by name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_role WHERE account = ? AND permissions_boundary = ? ORDER BY name",
            (account, policy_arn),
        )
        return [_role(row) for row in rows]

    def count_bounded(self, account: str, policy_arn: str | None = None) -> Counter[str]:
        """How many have each policy as their permissions boundary; of one policy, if it is given."""
        rows = self._db.all(
            "SELECT permissions_boundary, count(*) FROM iam_role WHERE account = ? AND permissions_boundary IS NOT NULL"
            " AND permissions_boundary = coalesce(?, permissions_boundary) GROUP BY permissions_boundary",
            (account, policy_arn),
        )
        return Counter(dict(rows))

    def insert(self, role: Role) -> None:
        """Add a role."""
        values = (
            role.account,
            role.name,
            role.path,
            role.id,
            role.arn,
            role.created_at_ms,
            role.trust_policy,
            role.description,
            role.max_session_s,
            role.permissions_boundary,
            json.dumps(role.tags),
        )
        self._db.execute(f"INSERT INTO iam_role ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def update(self, role: Role) -> None:
        """Write all that may change."""
        self._db.execute(
            "UPDATE iam_role SET trust_policy = ?, description = ?, max_session_s = ?,"
            " permissions_boundary = ?, tags = ? WHERE role_id = ?",
            (
                role.trust_policy,
                role.description,
                role.max_session_s,
                role.permissions_boundary,
                json.dumps(role.tags),
                role.id,
            ),
        )

    def delete(self, role: Role) -> None:
        """Remove a role."""
        self._db.execute("DELETE FROM iam_role WHERE role_id = ?", (role.id,))


def _role(row: Row) -> Role:
    account, name, path, role_id, arn, created_at_ms, trust, description, max_session_s, boundary, tags = row
    return Role(
        account=account,
        name=name,
        path=path,
        id=role_id,
        arn=arn,
        created_at_ms=created_at_ms,
        trust_policy=trust,
        description=description,
        max_session_s=max_session_s,
        permissions_boundary=boundary,
        tags=json.loads(tags),
    )
