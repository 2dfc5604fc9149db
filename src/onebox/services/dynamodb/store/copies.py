"""The rows of copies under way: what is copied whereto, and how far each has come."""

from __future__ import annotations

from typing import NamedTuple

from onebox.services.dynamodb.values.keys import Position
from onebox.storage.database import Storage

_COLUMNS = (
    "copy_id, account, source_id, target_id, moment, backup_id, is_restore, cursor_partition_key, cursor_sort_key"
)
_START = Position(b"", b"")


class Copy(NamedTuple):
    """Items of ``source_id``, as they were after the change numbered ``moment``, on their way to ``target_id``."""

    copy_id: int
    account: str
    source_id: int
    target_id: int
    moment: int
    backup_id: int | None
    """The backup that is made, or restored; None where a table is restored to a point in time."""
    is_restore: bool
    """The target is a table, and no backup."""
    cursor: Position


class CopyStore:
    """Copies that survive a restart."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(
        self, *, account: str, source_id: int, target_id: int, moment: int, backup_id: int | None, is_restore: bool
    ) -> Copy:
        """Begin a copy."""
        values = (account, source_id, target_id, moment, backup_id, is_restore)
        self._storage.execute(
            "INSERT INTO dynamodb_copies (account, source_id, target_id, moment, backup_id, is_restore, "
            "cursor_partition_key, cursor_sort_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, *_START),
        )
        return Copy(
            copy_id=self._storage.last_insert_id(),
            account=account,
            source_id=source_id,
            target_id=target_id,
            moment=moment,
            backup_id=backup_id,
            is_restore=is_restore,
            cursor=_START,
        )

    def find_next(self) -> Copy | None:
        """The oldest copy, or None."""
        row = self._storage.first(f"SELECT {_COLUMNS} FROM dynamodb_copies ORDER BY copy_id LIMIT 1")
        if row is None:
            return None
        copy_id, account, source_id, target_id, moment, backup_id, is_restore, *cursor = row
        return Copy(
            copy_id=copy_id,
            account=account,
            source_id=source_id,
            target_id=target_id,
            moment=moment,
            backup_id=backup_id,
            is_restore=bool(is_restore),
            cursor=Position(*cursor),
        )

    def advance(self, copy_id: int, cursor: Position) -> None:
        self._storage.execute(
            "UPDATE dynamodb_copies SET cursor_partition_key = ?, cursor_sort_key = ? WHERE copy_id = ?",
            (*cursor, copy_id),
        )

    def end(self, copy_id: int) -> None:
        self._storage.execute("DELETE FROM dynamodb_copies WHERE copy_id = ?", (copy_id,))

    def first_moment(self, source_id: int) -> int | None:
        """The earliest moment at which something is still being copied from a table; None if nothing is."""
        row = self._storage.first("SELECT min(moment) FROM dynamodb_copies WHERE source_id = ?", (source_id,))
        return None if row is None or row[0] is None else int(row[0])

    def is_restored(self, backup_id: int) -> bool:
        """Whether a backup is being restored."""
        row = self._storage.first(
            "SELECT 1 FROM dynamodb_copies WHERE backup_id = ? AND is_restore LIMIT 1", (backup_id,)
        )
        return row is not None

    def count_restores(self, account: str) -> int:
        """How many restores of an account are under way."""
        row = self._storage.first("SELECT count(*) FROM dynamodb_copies WHERE account = ? AND is_restore", (account,))
        return 0 if row is None else int(row[0])

    def last_moment(self) -> int:
        """The latest moment of those that were taken from tables that change; 0 if there is none."""
        row = self._storage.first("SELECT max(moment) FROM dynamodb_copies WHERE source_id > 0 AND NOT is_restore")
        return 0 if row is None or row[0] is None else int(row[0])
