"""The table of users' access keys."""

from __future__ import annotations

from onebox.services.iam.model import AccessKey, User
from onebox.storage.database import Row, Storage

_COLUMNS = "access_key_id, secret_access_key, user_id, is_active, created_at_ms, used_at_ms, used_service, used_region"


class AccessKeyStore:
    """Access keys of all users."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, access_key_id: str) -> AccessKey | None:
        """A key by its id."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM iam_access_key WHERE access_key_id = ?", (access_key_id,))
        return _key(row) if row else None

    def list_of_user(self, user: User) -> list[AccessKey]:
        """At most two, by id."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_access_key WHERE user_id = ? ORDER BY access_key_id", (user.id,)
        )
        return [_key(row) for row in rows]

    def insert(self, key: AccessKey) -> None:
        """Add a key that was never used."""
        self._db.execute(
            "INSERT INTO iam_access_key (access_key_id, secret_access_key, user_id, is_active, created_at_ms)"
            " VALUES (?, ?, ?, ?, ?)",
            (key.access_key_id, key.secret_access_key, key.user_id, key.is_active, key.created_at_ms),
        )

    def set_active(self, key: AccessKey, is_active: bool) -> None:
        """Switch a key on or off."""
        self._db.execute(
            "UPDATE iam_access_key SET is_active = ? WHERE access_key_id = ?", (is_active, key.access_key_id)
        )

    def set_used(self, access_key_id: str, used_at_ms: int, service: str, region: str) -> None:
        """Remember the last use."""
        self._db.execute(
            "UPDATE iam_access_key SET used_at_ms = ?, used_service = ?, used_region = ? WHERE access_key_id = ?",
            (used_at_ms, service, region, access_key_id),
        )

    def delete(self, key: AccessKey) -> None:
        """Remove a key."""
        self._db.execute("DELETE FROM iam_access_key WHERE access_key_id = ?", (key.access_key_id,))


def _key(row: Row) -> AccessKey:
    key_id, secret, user_id, is_active, created_at_ms, used_at_ms, service, region = row
    return AccessKey(
        access_key_id=key_id,
        secret_access_key=secret,
        user_id=user_id,
        is_active=bool(is_active),
        created_at_ms=created_at_ms,
        used_at_ms=used_at_ms,
        used_service=service,
        used_region=region,
    )
