"""Copies of tables into backups, and of backups and tables into new tables.

Promises: a copy is of one moment, although writes go on; it is made in pieces of a few milliseconds, each a job of its
own, and goes on after a restart where it stopped. What fits into one piece is copied in the job that begins it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import orjson

from onebox.services.dynamodb.limits import STEP_BYTES, STEP_ITEMS
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.store.backups import BackupStore
from onebox.services.dynamodb.store.copies import Copy, CopyStore
from onebox.services.dynamodb.store.history import Found, HistoryStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.writes import Tally


class _Piece(NamedTuple):
    """The items of a piece, and where the next one begins; None after the last."""

    items: list[Found]
    cursor: Position | None


class Copier:
    """Does the pieces of copies, each inside a job."""

    def __init__(
        self,
        *,
        items: ItemStore,
        tables: TableStore,
        history: HistoryStore,
        copies: CopyStore,
        backups: BackupStore,
        table_cache: TableCache,
    ) -> None:
        self._items = items
        self._tables = tables
        self._history = history
        self._copies = copies
        self._backups = backups
        self._table_cache = table_cache

    def step(self, copy: Copy) -> bool:
        """Copy the next piece; True if it was the last."""
        piece = self._read_piece(copy)
        if copy.is_restore:
            self._write_table(copy, piece.items)
        else:
            for found in piece.items:
                self._insert(copy.target_id, found)
        if piece.cursor is not None:
            self._copies.advance(copy.copy_id, piece.cursor)
            return False
        self._copies.end(copy.copy_id)
        self._finish(copy)
        return True

    def _read_piece(self, copy: Copy) -> _Piece:
        """What stood at the next keys of the source at the copy's moment: its items and its history hold each key once,
        in the same order."""
        source, moment, cursor = copy.source_id, copy.moment, copy.cursor
        item = self._history.find_next_item(source, cursor, moment)
        version = self._history.find_next_version(source, cursor, moment)
        found: list[Found] = []
        read_bytes = 0
        for _ in range(STEP_ITEMS):
            heads = [head for head in (item, version) if head is not None]
            if not heads:
                return _Piece(found, None)
            cursor = min(head.position for head in heads)
            here = [head for head in heads if head.position == cursor]
            found += [head for head in here if head.data is not None]
            read_bytes += sum(max(head.read_bytes, head.size_bytes) for head in here)  # stored ones may be compressed
            if read_bytes > STEP_BYTES:
                break
            if item is not None and item.position == cursor:
                item = self._history.find_next_item(source, cursor, moment)
            if version is not None and version.position == cursor:
                version = self._history.find_next_version(source, cursor, moment)
        return _Piece(found, cursor)

    def _insert(self, target_id: int, found: Found) -> int:
        assert found.data is not None, "a piece holds the keys that had an item"
        item_id = self._items.insert_item(target_id, found.position, found.size_bytes, None, found.data)
        assert item_id is not None, "each key of the source is copied once"
        return item_id

    def _write_table(self, copy: Copy, items: list[Found]) -> None:
        table = self._tables.find_table_by_id(copy.target_id)
        assert table is not None, "a table that is being restored cannot be deleted"
        tally = Tally(self._items)
        for found in items:
            item_id = self._insert(table.table_id, found)
            tally.add(table, 0, 1, found.size_bytes)
            if table.indexes:
                self._write_entries(table, found, item_id, tally)
        tally.store()

    def _write_entries(self, table: Table, found: Found, item_id: int, tally: Tally) -> None:
        item = orjson.loads(found.data or b"{}")
        for index in table.indexes:
            position = index.key.find_index_position(item)
            if position is not None:
                size_bytes = index.entry_bytes(item, found.size_bytes)
                self._items.insert_entry(index.index_id, position, found.position, item_id, size_bytes)
                tally.add(table, index.index_id, 1, size_bytes)

    def _finish(self, copy: Copy) -> None:
        if copy.is_restore:
            target = self._tables.find_table_by_id(copy.target_id)
            assert target is not None, "a table that is being restored cannot be deleted"
            self._table_cache.forget(target.key_name)
            settings = {name: value for name, value in target.settings.items() if name != "Restore"}
            self._tables.update_table(replace(target, settings=settings))
        elif copy.backup_id is not None:
            self._backups.complete(copy.backup_id)
        source = self._tables.find_table_by_id(copy.source_id)
        if source is not None:
            self._table_cache.forget(source.key_name)  # its history may end here
