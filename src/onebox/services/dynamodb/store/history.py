"""The rows of former versions of items."""

from __future__ import annotations

from typing import NamedTuple

from onebox.services.dynamodb.values.keys import Position
from onebox.storage.database import Storage
from onebox.storage.packing import Packer


class Found(NamedTuple):
    """A key of a table, and what stood there at a moment."""

    position: Position
    read_bytes: int
    """How much was read to find it."""
    size_bytes: int
    data: bytes | None
    """The item of that moment; None if there was none, or none that this search knows."""


class HistoryStore:
    """Versions that were replaced or deleted, and tables as they were."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._packer = Packer()

    def keep(self, item_id: int, replaced_at: int) -> None:
        """Keep the stored version of an item, which the change of that number is about to end."""
        self._storage.execute(
            "INSERT INTO dynamodb_item_history "
            "(replaced_at, table_id, partition_key, sort_key, changed_at, size_bytes, item) "
            "SELECT ?, table_id, partition_key, sort_key, changed_at, size_bytes, item FROM dynamodb_items "
            "WHERE item_id = ?",
            (replaced_at, item_id),
        )

    def last_number(self) -> int:
        """The greatest number of a change that the history knows; 0 if there is none."""
        row = self._storage.first("SELECT max(replaced_at) FROM dynamodb_item_history")
        return 0 if row is None or row[0] is None else int(row[0])

    def find_next_item(self, table_id: int, after: Position, moment: int) -> Found | None:
        """The next stored item of a table after a position, if it was there at the moment as it is now. None at the
        end."""
        row = self._storage.first(
            "SELECT partition_key, sort_key, length(item), size_bytes, CASE WHEN changed_at <= ? THEN item END "
            "FROM dynamodb_items WHERE table_id = ? AND (partition_key, sort_key) > (?, ?) "
            "ORDER BY partition_key, sort_key LIMIT 1",
            (moment, table_id, *after),
        )
        return None if row is None else self._found(Position(row[0], row[1]), *row[2:])

    def find_next_version(self, table_id: int, after: Position, moment: int) -> Found | None:
        """The next key with former versions after a position, with the version of that moment, if one of them was it.
        None at the end. However many versions a key has, two searches find it."""
        key = self._storage.first(
            "SELECT partition_key, sort_key FROM dynamodb_item_history "
            "WHERE table_id = ? AND (partition_key, sort_key) > (?, ?) ORDER BY partition_key, sort_key LIMIT 1",
            (table_id, *after),
        )
        if key is None:
            return None
        position = Position(key[0], key[1])
        row = self._storage.first(
            "SELECT length(item), size_bytes, CASE WHEN changed_at <= ?1 THEN item END FROM dynamodb_item_history "
            "WHERE table_id = ?2 AND partition_key = ?3 AND sort_key = ?4 AND replaced_at > ?1 "
            "ORDER BY replaced_at LIMIT 1",
            (moment, table_id, *position),
        )
        return Found(position, 0, 0, None) if row is None else self._found(position, *row)

    def _found(self, position: Position, read_bytes: int, size_bytes: int, stored: bytes | None) -> Found:
        return Found(position, read_bytes, size_bytes, None if stored is None else self._packer.unpack(stored))

    def find_next_table(self, after_id: int) -> int | None:
        """The next table id with former versions; None if there is none."""
        row = self._storage.first("SELECT min(table_id) FROM dynamodb_item_history WHERE table_id > ?", (after_id,))
        return None if row is None or row[0] is None else int(row[0])

    def drop_replaced(self, table_id: int, until: int, limit: int) -> int:
        """Drop some of a table's versions that ended with changes up to a number; how many."""
        self._storage.execute(
            "DELETE FROM dynamodb_item_history WHERE replaced_at IN (SELECT replaced_at FROM dynamodb_item_history "
            "WHERE table_id = ? AND replaced_at <= ? ORDER BY replaced_at LIMIT ?)",
            (table_id, until, limit),
        )
        return self._storage.changes()
