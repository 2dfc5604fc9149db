"""The tables of groups and their members."""

from __future__ import annotations

from onebox.services.iam.model import Group, User
from onebox.storage.database import Storage

_COLUMNS = "account, name, path, group_id, arn, created_at_ms"


class GroupStore:
    """Groups of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, name: str) -> Group | None:
        """A group by name, in any case."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_group WHERE account = ? AND name = ?", (account, name))
        return Group(*row) if row else None

    def list_page(self, account: str, path_prefix: str, after: str, limit: int) -> list[Group]:
        """Groups under a path by name, after a name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_group WHERE account = ? AND name > ? AND substr(path, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (account, after, len(path_prefix), path_prefix, limit),
        )
        return [Group(*row) for row in rows]

    def count(self, account: str) -> int:
        """How many the account has."""
        row = self._db.first("SELECT count(*) FROM iam_group WHERE account = ?", (account,))
        assert row is not None
        return int(row[0])

    def list_attached(self, account: str, policy_arn: str) -> list[Group]:
        """Those that have the managed policy, by name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_group WHERE account = ? AND group_id IN (SELECT owner_id FROM iam_attachment"
            " WHERE account = ? AND policy_arn = ?) ORDER BY name",
            (account, account, policy_arn),
        )
        return [Group(*row) for row in rows]

    def list_of_user(self, user: User) -> list[Group]:
        """The groups that a user is in, by name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_group WHERE group_id IN"
            " (SELECT group_id FROM iam_group_member WHERE user_id = ?) ORDER BY name",
            (user.id,),
        )
        return [Group(*row) for row in rows]

    def list_member_names(self, group: Group) -> list[str]:
        """The names of the members, in order."""
        rows = self._db.all(
            "SELECT name FROM iam_user WHERE user_id IN (SELECT user_id FROM iam_group_member WHERE group_id = ?)"
            " ORDER BY name",
            (group.id,),
        )
        return [name for (name,) in rows]

    def insert(self, group: Group) -> None:
        """Add a group."""
        values = (group.account, group.name, group.path, group.id, group.arn, group.created_at_ms)
        self._db.execute(f"INSERT INTO iam_group ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", values)

    def update(self, group: Group) -> None:
        """Write all that may change."""
        self._db.execute(
            "UPDATE iam_group SET name = ?, path = ?, arn = ? WHERE group_id = ?",
            (group.name, group.path, group.arn, group.id),
        )

    def delete(self, group: Group) -> None:
        """Remove a group."""
        self._db.execute("DELETE FROM iam_group WHERE group_id = ?", (group.id,))

    def add_member(self, group: Group, user: User) -> None:
        """Put a user into the group; once is enough."""
        self._db.execute(
            "INSERT OR IGNORE INTO iam_group_member (group_id, user_id) VALUES (?, ?)", (group.id, user.id)
        )

    def remove_member(self, group: Group, user: User) -> None:
        """Take a user out of the group, if the user is in it."""
        self._db.execute("DELETE FROM iam_group_member WHERE group_id = ? AND user_id = ?", (group.id, user.id))
