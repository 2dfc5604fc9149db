"""The rows of backups."""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.dynamodb.model import Backup
from onebox.services.dynamodb.recovery.backup_arns import BackupName
from onebox.storage.database import Storage

_COLUMNS = (
    "backup_id, account, region, table_name, suffix, name, kind, is_complete, created_at_ms, expires_at_ms, "
    "content_id, item_count, size_bytes, definition, details"
)


class BackupStore:
    """Backups by their ARNs' parts."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, name: BackupName) -> Backup | None:
        """The backup of that name, or None."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM dynamodb_backups "
            "WHERE account = ? AND region = ? AND table_name = ? AND suffix = ?",
            name,
        )
        return None if row is None else _backup(row)

    def list_backups(
        self,
        account: str,
        region: str,
        *,
        table_name: str | None,
        kind: str | None,
        after: tuple[str, str],
        from_ms: int,
        until_ms: int,
        limit: int,
    ) -> list[Backup]:
        """Backups in the order of their creation, after a suffix and table name; ``until_ms`` is excluded."""
        where = "account = ?1 AND region = ?2 AND (suffix, table_name) > (?3, ?4)"
        if table_name is not None:
            where += " AND table_name = ?5"
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM dynamodb_backups WHERE {where} AND (?6 IS NULL OR kind = ?6) "
            "AND created_at_ms >= ?7 AND created_at_ms < ?8 ORDER BY suffix, table_name LIMIT ?9",
            (account, region, *after, table_name, kind, from_ms, until_ms, limit),
        )
        return [_backup(row) for row in rows]

    def insert(self, backup: Backup) -> int:
        """Add a backup; its id."""
        self._storage.execute(
            "INSERT INTO dynamodb_backups (account, region, table_name, suffix, name, kind, is_complete, "
            "created_at_ms, expires_at_ms, content_id, item_count, size_bytes, definition, details) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *backup.backup_name,
                backup.name,
                backup.kind,
                backup.is_complete,
                backup.created_at_ms,
                backup.expires_at_ms,
                backup.kept_table_id,
                backup.item_count,
                backup.size_bytes,
                backup.definition,
                orjson.dumps(backup.details).decode(),
            ),
        )
        return self._storage.last_insert_id()

    def complete(self, backup_id: int) -> None:
        """The backup holds all that it is to hold."""
        self._storage.execute("UPDATE dynamodb_backups SET is_complete = 1 WHERE backup_id = ?", (backup_id,))

    def delete(self, backup_id: int) -> None:
        self._storage.execute("DELETE FROM dynamodb_backups WHERE backup_id = ?", (backup_id,))

    def find_expired(self, now_ms: int) -> list[Backup]:
        """Backups whose time has come, a few of them."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM dynamodb_backups WHERE expires_at_ms <= ? LIMIT 20", (now_ms,)
        )
        return [_backup(row) for row in rows]


def _backup(row: tuple[Any, ...]) -> Backup:
    return Backup(
        backup_id=row[0],
        backup_name=BackupName(*row[1:5]),
        name=row[5],
        kind=row[6],
        is_complete=bool(row[7]),
        created_at_ms=row[8],
        expires_at_ms=row[9],
        kept_table_id=row[10],
        item_count=row[11],
        size_bytes=row[12],
        definition=row[13],
        details=orjson.loads(row[14]),
    )
