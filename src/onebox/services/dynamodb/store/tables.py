"""The rows of tables and of their indexes."""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.dynamodb.model import Index, Table, TableKey
from onebox.services.dynamodb.store.chores import ChoreStore
from onebox.services.dynamodb.store.copies import CopyStore
from onebox.services.dynamodb.store.definitions import dump_index, dump_table, load_index
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.values.keys import make_key_schema
from onebox.storage.database import Storage


class TableStore:
    """Tables and indexes. Deleting one leaves the rows that it held to the background."""

    def __init__(self, storage: Storage, chores: ChoreStore, streams: StreamStore, copies: CopyStore) -> None:
        self._storage = storage
        self._chores = chores
        self._streams = streams
        self._copies = copies

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
            (*table.key_name, dump_table(table), table.ttl_attribute, table.created_at_ms),
        )
        table_id = self._storage.last_insert_id()
        self._insert_sizes(table_id, 0)
        return table_id

    def update_table(self, table: Table) -> None:
        self._storage.execute(
            "UPDATE dynamodb_tables SET definition = ?, ttl_attribute = ? WHERE table_id = ?",
            (dump_table(table), table.ttl_attribute, table.table_id),
        )

    def delete_table(self, table: Table, *, keeps_items: bool = False) -> None:
        """Forget the table at once; its rows are dropped in the background, unless a backup ``keeps_items``."""
        table_id = table.table_id
        self._storage.execute("DELETE FROM dynamodb_tables WHERE table_id = ?", (table_id,))
        self._storage.execute("DELETE FROM dynamodb_indexes WHERE table_id = ?", (table_id,))
        self._storage.execute("DELETE FROM dynamodb_sizes WHERE table_id = ?", (table_id,))
        self._chores.end_filling(table_id)
        if not keeps_items:
            self._chores.add("drop_items", table_id, 0)
        for index in table.indexes:
            self._chores.add("drop_entries", table_id, index.index_id)

    def insert_index(self, table_id: int, index: Index) -> int:
        self._storage.execute(
            "INSERT INTO dynamodb_indexes (table_id, name, definition) VALUES (?, ?, ?)",
            (table_id, index.name, dump_index(index)),
        )
        index_id = self._storage.last_insert_id()
        self._insert_sizes(table_id, index_id)
        return index_id

    def update_index(self, index: Index) -> None:
        self._storage.execute(
            "UPDATE dynamodb_indexes SET definition = ? WHERE index_id = ?", (dump_index(index), index.index_id)
        )

    def delete_index(self, table_id: int, index_id: int) -> None:
        """Forget the index at once; its entries are dropped in the background."""
        self._storage.execute("DELETE FROM dynamodb_indexes WHERE index_id = ?", (index_id,))
        self._storage.execute("DELETE FROM dynamodb_sizes WHERE table_id = ? AND index_id = ?", (table_id, index_id))
        self._chores.end_filling(table_id, index_id)
        self._chores.add("drop_entries", table_id, index_id)

    def _insert_sizes(self, table_id: int, index_id: int) -> None:
        self._storage.execute("INSERT INTO dynamodb_sizes VALUES (?, ?, 0, 0)", (table_id, index_id))

    def _table(self, row: tuple[Any, ...]) -> Table:
        table_id, account, region, name, definition, ttl_attribute, created_at_ms = row
        document = orjson.loads(definition)
        kinds = document["attribute_kinds"]
        indexes = tuple(
            load_index(index_id, orjson.loads(text), kinds)
            for index_id, text in self._storage.all(
                "SELECT index_id, definition FROM dynamodb_indexes WHERE table_id = ? ORDER BY name", (table_id,)
            )
        )
        latest_stream = self._streams.find_latest(table_id)
        return Table(
            table_id=table_id,
            key_name=TableKey(account, region, name),
            key=make_key_schema(document["key_names"], kinds),
            indexes=indexes,
            attribute_kinds=kinds,
            created_at_ms=created_at_ms,
            settings=document["settings"],
            ttl_attribute=ttl_attribute,
            keeps_history=_keeps_history(document["settings"], self._copies.first_moment(table_id)),
            stream=latest_stream if latest_stream is not None and latest_stream.is_enabled else None,
            latest_stream=latest_stream,
        )


def _keeps_history(settings: dict[str, Any], copied_moment: int | None) -> bool:
    return "PointInTimeRecovery" in settings or copied_moment is not None
