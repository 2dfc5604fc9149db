"""The table of instance profiles."""

from __future__ import annotations

import json

from onebox.services.iam.model import InstanceProfile, Role
from onebox.storage.database import Row, Storage

_COLUMNS = "account, name, path, profile_id, arn, created_at_ms, role_id, tags"


class InstanceProfileStore:
    """Instance profiles of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, name: str) -> InstanceProfile | None:
        """A profile by name, in any case."""
        row = self._db.first(
            f"SELECT {_COLUMNS} FROM iam_instance_profile WHERE account = ? AND name = ?", (account, name)
        )
        return _profile(row) if row else None

    def list_page(self, account: str, path_prefix: str, after: str, limit: int) -> list[InstanceProfile]:
        """Profiles under a path by name, after a name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_instance_profile WHERE account = ? AND name > ? AND substr(path, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (account, after, len(path_prefix), path_prefix, limit),
        )
        return [_profile(row) for row in rows]

    def list_of_role(self, role: Role) -> list[InstanceProfile]:
        """Those that hold the role, by name."""
        rows = self._db.all(f"SELECT {_COLUMNS} FROM iam_instance_profile WHERE role_id = ? ORDER BY name", (role.id,))
        return [_profile(row) for row in rows]

    def count(self, account: str) -> int:
        """How many the account has."""
        row = self._db.first("SELECT count(*) FROM iam_instance_profile WHERE account = ?", (account,))
        assert row is not None
        return int(row[0])

    def insert(self, profile: InstanceProfile) -> None:
        """Add a profile."""
        values = (
            profile.account,
            profile.name,
            profile.path,
            profile.id,
            profile.arn,
            profile.created_at_ms,
            profile.role_id,
            json.dumps(profile.tags),
        )
        self._db.execute(f"INSERT INTO iam_instance_profile ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def update(self, profile: InstanceProfile) -> None:
        """Write all that may change."""
        self._db.execute(
            "UPDATE iam_instance_profile SET role_id = ?, tags = ? WHERE profile_id = ?",
            (profile.role_id, json.dumps(profile.tags), profile.id),
        )

    def delete(self, profile: InstanceProfile) -> None:
        """Remove a profile."""
        self._db.execute("DELETE FROM iam_instance_profile WHERE profile_id = ?", (profile.id,))


def _profile(row: Row) -> InstanceProfile:
    account, name, path, profile_id, arn, created_at_ms, role_id, tags = row
    return InstanceProfile(
        account=account,
        name=name,
        path=path,
        id=profile_id,
        arn=arn,
        created_at_ms=created_at_ms,
        role_id=role_id,
        tags=json.loads(tags),
    )
