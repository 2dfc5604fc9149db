"""The rows of background work: what is left to do, and how far each piece has come."""

from __future__ import annotations

from typing import NamedTuple

from onebox.services.dynamodb.values.keys import Position
from onebox.storage.database import Storage


class Chore(NamedTuple):
    """A piece of background work and how far it has come."""

    chore_id: int
    kind: str
    table_id: int
    index_id: int
    cursor: Position

    @property
    def is_drop(self) -> bool:
        """It only removes rows that nobody can see any more."""
        return self.kind.startswith("drop_")


class ChoreStore:
    """Background work that survives a restart."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def restart_expiry(self, table_id: int) -> None:
        """Walk the whole table, from its beginning, giving each item its time of expiry."""
        self._storage.execute("DELETE FROM dynamodb_chores WHERE table_id = ? AND kind = 'fill_expiry'", (table_id,))
        self.add("fill_expiry", table_id, 0)

    def add(self, kind: str, table_id: int, index_id: int) -> None:
        self._storage.execute(
            "INSERT INTO dynamodb_chores (kind, table_id, index_id, cursor_partition_key, cursor_sort_key) "
            "VALUES (?, ?, ?, x'', x'')",
            (kind, table_id, index_id),
        )

    def find_next(self) -> Chore | None:
        """The next piece of background work, or None: filling, for which people wait, comes before dropping."""
        row = self._storage.first(
            "SELECT chore_id, kind, table_id, index_id, cursor_partition_key, cursor_sort_key FROM dynamodb_chores "
            "ORDER BY kind DESC, chore_id LIMIT 1"
        )
        return None if row is None else Chore(row[0], row[1], row[2], row[3], Position(row[4], row[5]))

    def advance(self, chore_id: int, cursor: Position) -> None:
        self._storage.execute(
            "UPDATE dynamodb_chores SET cursor_partition_key = ?, cursor_sort_key = ? WHERE chore_id = ?",
            (*cursor, chore_id),
        )

    def end(self, chore_id: int) -> None:
        self._storage.execute("DELETE FROM dynamodb_chores WHERE chore_id = ?", (chore_id,))

    def end_filling(self, table_id: int, index_id: int | None = None) -> None:
        """Fill no longer; what was dropped before goes on being dropped."""
        self._storage.execute(
            "DELETE FROM dynamodb_chores WHERE table_id = ?1 AND index_id = coalesce(?2, index_id) "
            "AND kind IN ('fill_index', 'fill_expiry')",
            (table_id, index_id),
        )
