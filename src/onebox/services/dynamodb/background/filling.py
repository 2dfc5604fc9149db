"""Filling new indexes and times of expiry, and dropping what a deleted table, index or backup left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson

from onebox.services.dynamodb.limits import STEP_BYTES, STEP_ITEMS
from onebox.services.dynamodb.model import ACTIVE
from onebox.services.dynamodb.store.chores import Chore, ChoreStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.writes import Tally, find_expiry_s


class Filler:
    """Does steps of chores, each inside a job."""

    def __init__(self, *, items: ItemStore, tables: TableStore, chores: ChoreStore, table_cache: TableCache) -> None:
        self._items = items
        self._tables = tables
        self._chores = chores
        self._table_cache = table_cache
        self._steps: dict[str, Callable[[Chore], None]] = {
            "fill_index": self._fill_index,
            "fill_expiry": self._fill_expiry,
            "drop_items": self._drop_items,
            "drop_entries": self._drop_entries,
        }

    def step(self, chore: Chore) -> None:
        """Do the next step of a chore."""
        self._steps[chore.kind](chore)

    def _fill_index(self, chore: Chore) -> None:
        table = self._tables.find_table_by_id(chore.table_id)
        index = None
        if table is not None:
            index = next((index for index in table.indexes if index.index_id == chore.index_id), None)
        if table is None or index is None:
            self._chores.end(chore.chore_id)
            return
        tally = Tally(self._items)
        rows, more = self._items.walk_items(table.table_id, chore.cursor, items_max=STEP_ITEMS, bytes_max=STEP_BYTES)
        for position, stored in rows:
            item = orjson.loads(stored.data)
            entry_position = index.key.find_index_position(item)
            if entry_position is None:
                continue
            size_bytes = index.entry_bytes(item, stored.size_bytes)
            if self._items.insert_entry(index.index_id, entry_position, position, stored.item_id, size_bytes):
                tally.add(table, index.index_id, 1, size_bytes)
        tally.store()
        if self._advance(chore, rows[-1][0] if more else None):
            self._table_cache.forget(table.key_name)
            self._tables.update_index(replace(index, status=ACTIVE))

    def _fill_expiry(self, chore: Chore) -> None:
        table = self._tables.find_table_by_id(chore.table_id)
        if table is None:
            self._chores.end(chore.chore_id)
            return
        rows, more = self._items.walk_items(table.table_id, chore.cursor, items_max=STEP_ITEMS, bytes_max=STEP_BYTES)
        for _, stored in rows:
            self._items.set_expiry(stored.item_id, find_expiry_s(table, orjson.loads(stored.data)))
        self._advance(chore, rows[-1][0] if more else None)

    def _drop_items(self, chore: Chore) -> None:
        if self._items.drop_items(chore.table_id, STEP_ITEMS) < STEP_ITEMS:
            self._chores.end(chore.chore_id)

    def _drop_entries(self, chore: Chore) -> None:
        if self._items.drop_entries(chore.index_id, STEP_ITEMS) < STEP_ITEMS:
            self._chores.end(chore.chore_id)

    def _advance(self, chore: Chore, cursor: Position | None) -> bool:
        """Note how far a walk has come; True if it is at its end."""
        if cursor is not None:
            self._chores.advance(chore.chore_id, cursor)
            return False
        self._chores.end(chore.chore_id)
        return True
