"""The rows of items, of index entries and of their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from onebox.services.dynamodb.model import StoredItem
from onebox.services.dynamodb.values.keys import Position
from onebox.storage.database import Storage
from onebox.storage.packing import Packer


class Rows(Protocol):
    """Rows of a query that is under way: what DynamoDB counts for the row (the item's size, or that of its index
    entry), and the whole item."""

    def __iter__(self) -> Iterator[tuple[int, bytes]]: ...

    def close(self) -> None: ...


class _PackedRows:
    """Rows whose items lie packed in the store."""

    def __init__(self, rows: Rows, unpack: Callable[[bytes], bytes]) -> None:
        self._rows = rows
        self._unpack = unpack

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        unpack = self._unpack
        return ((size_bytes, unpack(item)) for size_bytes, item in self._rows)

    def close(self) -> None:
        self._rows.close()


class Sizes(NamedTuple):
    item_count: int
    size_bytes: int


_FIND_ITEM = (
    "SELECT item_id, size_bytes, item FROM dynamodb_items WHERE table_id = ? AND partition_key = ? AND sort_key = ?"
)
_INSERT_ITEM = (
    "INSERT INTO dynamodb_items (table_id, partition_key, sort_key, size_bytes, expires_at_s, item, changed_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_REPLACE_ITEM = "UPDATE dynamodb_items SET size_bytes = ?, expires_at_s = ?, item = ?, changed_at = ? WHERE item_id = ?"
_CHANGE_SIZES = (
    "UPDATE dynamodb_sizes SET item_count = item_count + ?, size_bytes = size_bytes + ? "
    "WHERE table_id = ? AND index_id = ?"
)
_INSERT_ENTRY = (
    "INSERT INTO dynamodb_index_entries "
    "(index_id, partition_key, sort_key, item_partition_key, item_sort_key, item_id, size_bytes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


class ItemStore:
    """Items, index entries and their counts."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._execute = storage.execute
        self._packer = Packer()

    def find_item(self, table_id: int, position: Position) -> StoredItem | None:
        """The item at a position, or None."""
        row = self._execute(_FIND_ITEM, (table_id, *position)).fetchone()
        if row is None:
            return None
        item_id, size_bytes, data = row
        return StoredItem(item_id, size_bytes, self._packer.unpack(data))

    def insert_item(
        self,
        table_id: int,
        position: Position,
        size_bytes: int,
        expires_at_s: int | None,
        data: bytes,
        *,
        changed_at: int = 0,
    ) -> int | None:
        """Store a new item; its id, or None (and nothing done) if the position is taken.

        ``changed_at`` is the number of the change in a table whose history is kept.
        """
        self._execute(
            _INSERT_ITEM, (table_id, *position, size_bytes, expires_at_s, self._packer.pack(data), changed_at)
        )
        return self._storage.last_insert_id() if self._storage.changes() else None

    def replace_item(
        self, item_id: int, size_bytes: int, expires_at_s: int | None, data: bytes, *, changed_at: int = 0
    ) -> None:
        self._execute(_REPLACE_ITEM, (size_bytes, expires_at_s, self._packer.pack(data), changed_at, item_id))

    def delete_item(self, item_id: int) -> None:
        self._execute("DELETE FROM dynamodb_items WHERE item_id = ?", (item_id,))

    def change_sizes(self, table_id: int, index_id: int, items: int, size_bytes: int) -> None:
        """Add to the counts of a table (index 0) or of an index."""
        self._execute(_CHANGE_SIZES, (items, size_bytes, table_id, index_id))

    def insert_entry(
        self, index_id: int, position: Position, item_position: Position, item_id: int, size_bytes: int
    ) -> bool:
        """Add an index entry; False if it was there already."""
        self._execute(
            _INSERT_ENTRY,
            (index_id, *position, *item_position, item_id, size_bytes),
        )
        return bool(self._storage.changes())

    def resize_entry(self, index_id: int, position: Position, item_position: Position, size_bytes: int) -> bool:
        """Note an entry's new size; False if there is no such entry yet."""
        self._execute(
            "UPDATE dynamodb_index_entries SET size_bytes = ? WHERE index_id = ? AND partition_key = ? "
            "AND sort_key = ? AND item_partition_key = ? AND item_sort_key = ?",
            (size_bytes, index_id, *position, *item_position),
        )
        return bool(self._storage.changes())

    def delete_entry(self, index_id: int, position: Position, item_position: Position) -> bool:
        """Remove an index entry; False if there is none (the index is still being filled)."""
        self._execute(
            "DELETE FROM dynamodb_index_entries WHERE index_id = ? AND partition_key = ? AND sort_key = ? "
            "AND item_partition_key = ? AND item_sort_key = ?",
            (index_id, *position, *item_position),
        )
        return bool(self._storage.changes())

    def sizes(self, table_id: int) -> dict[int, Sizes]:
        """Item count and bytes of the table (0) and its indexes, by index id."""
        rows = self._storage.all(
            "SELECT index_id, item_count, size_bytes FROM dynamodb_sizes WHERE table_id = ?", (table_id,)
        )
        return {index_id: Sizes(items, size_bytes) for index_id, items, size_bytes in rows}

    def walk_items(
        self, table_id: int, after: Position, *, items_max: int, bytes_max: int
    ) -> tuple[list[tuple[Position, StoredItem]], bool]:
        """The next items of a table in key order, after a position, and whether there may be more: up to
        ``items_max``, or the one with which they exceed ``bytes_max``."""
        return self._read_step(
            "SELECT partition_key, sort_key, item_id, size_bytes, item FROM dynamodb_items "
            "WHERE table_id = ? AND (partition_key, sort_key) > (?, ?) "
            "ORDER BY partition_key, sort_key LIMIT ?",
            (table_id, *after),
            items_max,
            bytes_max,
        )

    def _read_step(
        self, sql: str, parameters: tuple[Any, ...], items_max: int, bytes_max: int
    ) -> tuple[list[tuple[Position, StoredItem]], bool]:
        rows = self._execute(sql, (*parameters, items_max))
        found: list[tuple[Position, StoredItem]] = []
        size_bytes = 0
        for row in rows:
            partition_key, sort_key, item_id, item_bytes, packed = row
            data = self._packer.unpack(packed)
            found.append((Position(partition_key, sort_key), StoredItem(item_id, item_bytes, data)))
            size_bytes += len(data)
            if size_bytes > bytes_max:
                rows.close()
                return found, True
        return found, len(found) == items_max

    def set_expiry(self, item_id: int, expires_at_s: int | None) -> None:
        self._execute("UPDATE dynamodb_items SET expires_at_s = ? WHERE item_id = ?", (expires_at_s, item_id))

    def expired_items(
        self, table_id: int, after_s: int, until_s: int, *, items_max: int, bytes_max: int
    ) -> tuple[list[tuple[Position, StoredItem]], bool]:
        """Items whose time came after ``after_s`` and up to ``until_s``, the earliest first, and whether there may be
        more: as many as :meth:`walk_items` gives."""
        return self._read_step(
            "SELECT partition_key, sort_key, item_id, size_bytes, item FROM dynamodb_items "
            "WHERE table_id = ? AND expires_at_s > ? AND expires_at_s <= ? ORDER BY expires_at_s LIMIT ?",
            (table_id, after_s, until_s),
            items_max,
            bytes_max,
        )

    def drop_items(self, table_id: int, limit: int) -> int:
        """Delete some rows of a table that is gone; how many."""
        self._execute(
            "DELETE FROM dynamodb_items WHERE item_id IN "
            "(SELECT item_id FROM dynamodb_items WHERE table_id = ? LIMIT ?)",
            (table_id, limit),
        )
        return self._storage.changes()

    def drop_entries(self, index_id: int, limit: int) -> int:
        """Delete some entries of an index that is gone; how many."""
        self._execute(
            "DELETE FROM dynamodb_index_entries WHERE (index_id, partition_key, sort_key, item_partition_key, "
            "item_sort_key) IN (SELECT index_id, partition_key, sort_key, item_partition_key, item_sort_key "
            "FROM dynamodb_index_entries WHERE index_id = ? LIMIT ?)",
            (index_id, limit),
        )
        return self._storage.changes()

    def open_rows(self, sql: str, parameters: list[Any]) -> Rows:
        """Rows one by one, so that a page reads no more than it needs. To be closed."""
        return _PackedRows(self._execute(sql, parameters), self._packer.unpack)
