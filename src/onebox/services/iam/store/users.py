"""The table of users."""

from __future__ import annotations

import json
from collections import Counter

from onebox.services.iam.model import User
from onebox.storage.database import Row, Storage

_COLUMNS = "account, name, path, user_id, arn, created_at_ms, permissions_boundary, tags"


class UserStore:
    """Users of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, name: str) -> User | None:
        """A user by name, in any case."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_user WHERE account = ? AND name = ?", (account, name))
        return _user(row) if row else None

    def find_by_id(self, user_id: str) -> User | None:
        """A user by its unique id."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_user WHERE user_id = ?", (user_id,))
        return _user(row) if row else None

    def list_page(self, account: str, path_prefix: str, after: str, limit: int) -> list[User]:
        """Users under a path by name, after a name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_user WHERE account = ? AND name > ? AND substr(path, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (account, after, len(path_prefix), path_prefix, limit),
        )
        return [_user(row) for row in rows]

    def count(self, account: str) -> int:
        """How many the account has."""
        row = self._db.first("SELECT count(*) FROM iam_user WHERE account = ?", (account,))
        assert row is not None
        return int(row[0])

    def list_attached(self, account: str, policy_arn: str) -> list[User]:
        """Those that have the managed policy themselves, by name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_user WHERE account = ? AND user_id IN (SELECT owner_id FROM iam_attachment"
            " WHERE account = ? AND policy_arn = ?) ORDER BY name",
            (account, account, policy_arn),
        )
        return [_user(row) for row in rows]

    def list_bounded(self, account: str, policy_arn: str) -> list[User]:
        """Those whose permissions boundary is the policy, by name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_user WHERE account = ? AND permissions_boundary = ? ORDER BY name",
            (account, policy_arn),
        )
        return [_user(row) for row in rows]

    def count_bounded(self, account: str, policy_arn: str | None = None) -> Counter[str]:
        """How many have each policy as their permissions boundary; of one policy, if it is given."""
        rows = self._db.all(
            "SELECT permissions_boundary, count(*) FROM iam_user WHERE account = ? AND permissions_boundary IS NOT NULL"
            " AND permissions_boundary = coalesce(?, permissions_boundary) GROUP BY permissions_boundary",
            (account, policy_arn),
        )
        return Counter(dict(rows))

    def insert(self, user: User) -> None:
        """Add a user."""
        values = (
            user.account,
            user.name,
            user.path,
            user.id,
            user.arn,
            user.created_at_ms,
            user.permissions_boundary,
            json.dumps(user.tags),
        )
        self._db.execute(f"INSERT INTO iam_user ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def update(self, user: User) -> None:
        """Write all that may change."""
        self._db.execute(
            "UPDATE iam_user SET name = ?, path = ?, arn = ?, permissions_boundary = ?, tags = ? WHERE user_id = ?",
            (user.name, user.path, user.arn, user.permissions_boundary, json.dumps(user.tags), user.id),
        )

    def delete(self, user: User) -> None:
        """Remove a user."""
        self._db.execute("DELETE FROM iam_user WHERE user_id = ?", (user.id,))


def _user(row: Row) -> User:
    account, name, path, user_id, arn, created_at_ms, boundary, tags = row
    return User(
        account=account,
        name=name,
        path=path,
        id=user_id,
        arn=arn,
        created_at_ms=created_at_ms,
        permissions_boundary=boundary,
        tags=json.loads(tags),
    )
