"""The SQL of DynamoDB, and how rows become tables and items.

Promises: every statement is one index search or one index range; nothing here decides.
The store is the only writer of the ``dynamodb_*`` tables. Called inside ``storage.run`` for writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from onebox.services.dynamodb.model import Index, StoredItem, Table, TableKey
from onebox.services.dynamodb.values.keys import KeyAttribute, KeySchema, Position
from onebox.storage.database import Storage


class Chore(NamedTuple):
    """A piece of background work and how far it has come."""

    chore_id: int
    kind: str
    table_id: int
    index_id: int
    cursor: Position


class Sizes(NamedTuple):
    item_count: int
    size_bytes: int


_FIND_ITEM = (
    "SELECT item_id, size_bytes, item FROM dynamodb_items WHERE table_id = ? AND partition_key = ? AND sort_key = ?"
)
_INSERT_ITEM = (
    "INSERT INTO dynamodb_items (table_id, partition_key, sort_key, size_bytes, expires_at_s, item) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_REPLACE_ITEM = "UPDATE dynamodb_items SET size_bytes = ?, expires_at_s = ?, item = ? WHERE item_id = ?"
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

    def find_item(self, table_id: int, position: Position) -> StoredItem | None:
        """The item at a position, or None."""
        row = self._execute(_FIND_ITEM, (table_id, *position)).fetchone()
        return None if row is None else StoredItem(*row)

    def insert_item(
        self, table_id: int, position: Position, size_bytes: int, expires_at_s: int | None, data: bytes
    ) -> int | None:
        """Store a new item; its id, or None (and nothing done) if the position is taken."""
        self._execute(_INSERT_ITEM, (table_id, *position, size_bytes, expires_at_s, data))
        return self._storage.last_insert_id() if self._storage.changes() else None

    def replace_item(self, item_id: int, size_bytes: int, expires_at_s: int | None, data: bytes) -> None:
        self._execute(_REPLACE_ITEM, (size_bytes, expires_at_s, data, item_id))

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

    def walk_items(self, table_id: int, after: Position, limit: int) -> list[tuple[Position, StoredItem]]:
        """The next items of a table in key order, after a position."""
        rows = self._storage.all(
            "SELECT partition_key, sort_key, item_id, size_bytes, item FROM dynamodb_items "
            "WHERE table_id = ? AND (partition_key, sort_key) > (?, ?) "
            "ORDER BY partition_key, sort_key LIMIT ?",
            (table_id, *after, limit),
        )
        return [(Position(row[0], row[1]), StoredItem(*row[2:])) for row in rows]

    def set_expiry(self, item_id: int, expires_at_s: int | None) -> None:
        self._execute("UPDATE dynamodb_items SET expires_at_s = ? WHERE item_id = ?", (expires_at_s, item_id))

    def expired_items(self, table_id: int, after_s: int, until_s: int, limit: int) -> list[tuple[Position, StoredItem]]:
        """Items whose time came after ``after_s`` and up to ``until_s``, the earliest first."""
        rows = self._storage.all(
            "SELECT partition_key, sort_key, item_id, size_bytes, item FROM dynamodb_items "
            "WHERE table_id = ? AND expires_at_s > ? AND expires_at_s <= ? ORDER BY expires_at_s LIMIT ?",
            (table_id, after_s, until_s, limit),
        )
        return [(Position(row[0], row[1]), StoredItem(*row[2:])) for row in rows]

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

    def iterate(self, sql: str, parameters: list[Any]) -> Iterator[tuple[Any, ...]]:
        """Rows one by one, so that a page reads no more than it needs."""
        cursor = self._execute(sql, parameters)
        try:
            yield from cursor
        finally:
            cursor.close()


class TableStore:
    """Tables and indexes, background chores and transaction tokens."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find_table(self, key: TableKey) -> Table | None:
        """The table of that name, or None."""
        row = self._storage.first(
            "SELECT table_id, account, region, name, definition, ttl_attribute, created_at_ms FROM dynamodb_tables "
            "WHERE account = ? AND region = ? AND name = ?",
            key,
        )
        return None if row is None else self._table(row)

    def find_table_by_id(self, table_id: int) -> Table | None:
        """The table with that id, or None if it is gone."""
        row = self._storage.first(
            "SELECT table_id, account, region, name, definition, ttl_attribute, created_at_ms FROM dynamodb_tables "
            "WHERE table_id = ?",
            (table_id,),
        )
        return None if row is None else self._table(row)

    def list_tables(self, account: str, region: str, after: str, limit: int) -> list[str]:
        """Names in order, after ``after``."""
        rows = self._storage.all(
            "SELECT name FROM dynamodb_tables WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
            (account, region, after, limit),
        )
        return [name for (name,) in rows]

    def ttl_tables(self) -> list[int]:
        """The ids of all tables with TTL switched on."""
        return [
            row[0] for row in self._storage.all("SELECT table_id FROM dynamodb_tables WHERE ttl_attribute IS NOT NULL")
        ]

    def insert_table(self, table: Table) -> int:
        """Store a table without its indexes; its id."""
        self._storage.execute(
            "INSERT INTO dynamodb_tables (account, region, name, definition, ttl_attribute, created_at_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (*table.key_name, _dump_table(table), table.ttl_attribute, table.created_at_ms),
        )
        table_id = self._storage.last_insert_id()
        self._insert_sizes(table_id, 0)
        return table_id

    def update_table(self, table: Table) -> None:
        self._storage.execute(
            "UPDATE dynamodb_tables SET definition = ?, ttl_attribute = ? WHERE table_id = ?",
            (_dump_table(table), table.ttl_attribute, table.table_id),
        )

    def delete_table(self, table: Table) -> None:
        """Forget the table at once; its rows are dropped in the background."""
        table_id = table.table_id
        self._storage.execute("DELETE FROM dynamodb_tables WHERE table_id = ?", (table_id,))
        self._storage.execute("DELETE FROM dynamodb_indexes WHERE table_id = ?", (table_id,))
        self._storage.execute("DELETE FROM dynamodb_sizes WHERE table_id = ?", (table_id,))
        self._end_filling(table_id)
        self.add_chore("drop_items", table_id, 0)
        for index in table.indexes:
            self.add_chore("drop_entries", table_id, index.index_id)

    def insert_index(self, table_id: int, index: Index) -> int:
        self._storage.execute(
            "INSERT INTO dynamodb_indexes (table_id, name, definition) VALUES (?, ?, ?)",
            (table_id, index.name, _dump_index(index)),
        )
        index_id = self._storage.last_insert_id()
        self._insert_sizes(table_id, index_id)
        return index_id

    def update_index(self, index: Index) -> None:
        self._storage.execute(
            "UPDATE dynamodb_indexes SET definition = ? WHERE index_id = ?", (_dump_index(index), index.index_id)
        )

    def delete_index(self, table_id: int, index_id: int) -> None:
        """Forget the index at once; its entries are dropped in the background."""
        self._storage.execute("DELETE FROM dynamodb_indexes WHERE index_id = ?", (index_id,))
        self._storage.execute("DELETE FROM dynamodb_sizes WHERE table_id = ? AND index_id = ?", (table_id, index_id))
        self._end_filling(table_id, index_id)
        self.add_chore("drop_entries", table_id, index_id)

    def _end_filling(self, table_id: int, index_id: int | None = None) -> None:
        """Fill no longer; what was dropped before goes on being dropped."""
        self._storage.execute(
            "DELETE FROM dynamodb_chores WHERE table_id = ?1 AND index_id = coalesce(?2, index_id) "
            "AND kind IN ('fill_index', 'fill_expiry')",
            (table_id, index_id),
        )

    def restart_expiry_chore(self, table_id: int) -> None:
        """Walk the whole table, from its beginning, giving each item its time of expiry."""
        self._storage.execute("DELETE FROM dynamodb_chores WHERE table_id = ? AND kind = 'fill_expiry'", (table_id,))
        self.add_chore("fill_expiry", table_id, 0)

    def add_chore(self, kind: str, table_id: int, index_id: int) -> None:
        self._storage.execute(
            "INSERT INTO dynamodb_chores (kind, table_id, index_id, cursor_partition_key, cursor_sort_key) "
            "VALUES (?, ?, ?, x'', x'')",
            (kind, table_id, index_id),
        )

    def find_chore(self) -> Chore | None:
        """The next piece of background work, or None: filling, for which people wait, comes before dropping."""
        row = self._storage.first(
            "SELECT chore_id, kind, table_id, index_id, cursor_partition_key, cursor_sort_key FROM dynamodb_chores "
            "ORDER BY kind DESC, chore_id LIMIT 1"
        )
        return None if row is None else Chore(row[0], row[1], row[2], row[3], Position(row[4], row[5]))

    def advance_chore(self, chore_id: int, cursor: Position) -> None:
        self._storage.execute(
            "UPDATE dynamodb_chores SET cursor_partition_key = ?, cursor_sort_key = ? WHERE chore_id = ?",
            (*cursor, chore_id),
        )

    def end_chore(self, chore_id: int) -> None:
        self._storage.execute("DELETE FROM dynamodb_chores WHERE chore_id = ?", (chore_id,))

    def find_token(self, account: str, region: str, token: str, now_ms: int) -> tuple[bytes, bytes] | None:
        """The fingerprint of the request that used the token, and its answer; None if unused or expired."""
        row = self._storage.first(
            "SELECT fingerprint, answer FROM dynamodb_transaction_tokens "
            "WHERE account = ? AND region = ? AND token = ? AND expires_at_ms > ?",
            (account, region, token, now_ms),
        )
        return None if row is None else (row[0], row[1])

    def keep_token(
        self, account: str, region: str, token: str, fingerprint: bytes, answer: bytes, now_ms: int, lasts_ms: int
    ) -> None:
        """Remember a token, and forget those that have expired."""
        self._storage.execute("DELETE FROM dynamodb_transaction_tokens WHERE expires_at_ms <= ?", (now_ms,))
        self._storage.execute(
            "INSERT INTO dynamodb_transaction_tokens (account, region, token, fingerprint, answer, expires_at_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (account, region, token, fingerprint, answer, now_ms + lasts_ms),
        )

    def _insert_sizes(self, table_id: int, index_id: int) -> None:
        self._storage.execute("INSERT INTO dynamodb_sizes VALUES (?, ?, 0, 0)", (table_id, index_id))

    def _table(self, row: tuple[Any, ...]) -> Table:
        table_id, account, region, name, definition, ttl_attribute, created_at_ms = row
        document = orjson.loads(definition)
        kinds = document["attribute_kinds"]
        indexes = tuple(
            _load_index(index_id, orjson.loads(text), kinds)
            for index_id, text in self._storage.all(
                "SELECT index_id, definition FROM dynamodb_indexes WHERE table_id = ? ORDER BY name", (table_id,)
            )
        )
        return Table(
            table_id=table_id,
            key_name=TableKey(account, region, name),
            key=load_key(document["key_names"], kinds),
            indexes=indexes,
            attribute_kinds=kinds,
            created_at_ms=created_at_ms,
            settings=document["settings"],
            ttl_attribute=ttl_attribute,
        )


def load_key(names: list[str], kinds: dict[str, str]) -> KeySchema:
    """A key schema from its attribute names, the partition key first."""
    attributes = [KeyAttribute(name, kinds[name]) for name in names]
    return KeySchema(attributes[0], attributes[1] if len(attributes) == 2 else None)


def _dump_table(table: Table) -> str:
    return orjson.dumps(
        {"key_names": table.key.names, "attribute_kinds": table.attribute_kinds, "settings": table.settings}
    ).decode()


def _dump_index(index: Index) -> str:
    return orjson.dumps(
        {
            "name": index.name,
            "scope": index.scope,
            "key_names": index.key.names,
            "projection": index.projection,
            "projected_names": None if index.projected_names is None else sorted(index.projected_names),
            "status": index.status,
            "throughput": index.throughput,
            "on_demand_throughput": index.on_demand_throughput,
        }
    ).decode()


def _load_index(index_id: int, document: dict[str, Any], kinds: dict[str, str]) -> Index:
    names = document["projected_names"]
    return Index(
        index_id=index_id,
        name=document["name"],
        scope=document["scope"],
        key=load_key(document["key_names"], kinds),
        projection=document["projection"],
        projected_names=None if names is None else frozenset(names),
        status=document["status"],
        throughput=document["throughput"],
        on_demand_throughput=document["on_demand_throughput"],
    )
