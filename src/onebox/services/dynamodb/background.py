"""Work that goes on beside the requests: filling new indexes, dropping what was deleted, deleting what expired.

Promises: small steps, each a job of its own, so that no request waits for long; goes on after a restart where it
stopped. Indexes and counts are right after every step.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import orjson

from onebox.clock import Clock, Timer
from onebox.services.dynamodb.capacity import Meter
from onebox.services.dynamodb.limits import STREAM_RETENTION_MS, TTL_AGE_MAX_S, TTL_SWEEP_MS
from onebox.services.dynamodb.model import ACTIVE, Table
from onebox.services.dynamodb.store.chores import Chore, ChoreStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.writes import Delete, ItemWriter, Tally, find_expiry_s
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

_STEP_ITEMS = 200
_BUSY_PAUSE_MS = 50
"""How many items one step handles: a few milliseconds of work."""


class Background:
    """The two loops of the service, driven by the clock's timers."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        log: logging.Logger,
        items: ItemStore,
        tables: TableStore,
        chores: ChoreStore,
        streams: StreamStore,
        table_cache: TableCache,
        writer: ItemWriter,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._log = log
        self._items = items
        self._tables = tables
        self._chores = chores
        self._streams = streams
        self._table_cache = table_cache
        self._writer = writer
        self._chore_timer: Timer | None = None
        self._sweep_timer: Timer | None = None
        self._running = False
        self._steps: dict[str, Callable[[Chore], None]] = {
            "fill_index": self._fill_index,
            "fill_expiry": self._fill_expiry,
            "drop_items": self._drop_items,
            "drop_entries": self._drop_entries,
        }

    def start(self) -> None:
        """Go on with what is left to do."""
        self._running = True
        self._wake()
        self._sweep_timer = self._clock.call_at(self._clock.steady_ms() + TTL_SWEEP_MS, self._sweep)

    def stop(self) -> None:
        """Do no more steps. Idempotent."""
        self._running = False
        for timer in (self._chore_timer, self._sweep_timer):
            if timer is not None:
                timer.cancel()
        self._chore_timer = self._sweep_timer = None

    def wake_after_commit(self) -> None:
        """There is a new chore in the current job."""
        self._storage.after_commit(self._wake)

    def _wake(self, pause_ms: int = 0) -> None:
        if self._running and self._chore_timer is None:
            self._chore_timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, self._run_step)

    def _run_step(self) -> None:
        self._chore_timer = None
        began_ms = self._clock.monotonic_ms()
        try:
            more = self._storage.run(self.step)
        except DatabaseBusy:
            self._chore_timer = self._clock.call_at(self._clock.steady_ms() + _BUSY_PAUSE_MS, self._run_step)
            return
        except Exception:  # noqa: BLE001 - a background loop: the chore stays and is tried again at the next start or chore
            self._log.exception("a background step of DynamoDB failed")
            return
        if more:
            # The next step begins when this one is on disk, and after a pause as long as both took: half of the time
            # belongs to requests.
            self._storage.after_commit(lambda: self._wake(int(self._clock.monotonic_ms() - began_ms)))

    def step(self) -> bool:
        """Do one step of a chore, inside a job; False if there is none."""
        chore = self._chores.find_next()
        if chore is None:
            return False
        self._steps[chore.kind](chore)
        return True

    def _fill_index(self, chore: Chore) -> None:
        table = self._tables.find_table_by_id(chore.table_id)
        index = None
        if table is not None:
            index = next((index for index in table.indexes if index.index_id == chore.index_id), None)
        if table is None or index is None:
            self._chores.end(chore.chore_id)
            return
        tally = Tally(self._items)
        rows = self._items.walk_items(table.table_id, chore.cursor, _STEP_ITEMS)
        for position, stored in rows:
            item = orjson.loads(stored.data)
            entry_position = index.key.find_index_position(item)
            if entry_position is None:
                continue
            size_bytes = index.entry_bytes(item, stored.size_bytes)
            if self._items.insert_entry(index.index_id, entry_position, position, stored.item_id, size_bytes):
                tally.add(table, index.index_id, 1, size_bytes)
        tally.store()
        if self._advance(chore, rows[-1][0] if len(rows) == _STEP_ITEMS else None):
            self._table_cache.forget(table.key_name)
            self._tables.update_index(replace(index, status=ACTIVE))

    def _fill_expiry(self, chore: Chore) -> None:
        table = self._tables.find_table_by_id(chore.table_id)
        if table is None:
            self._chores.end(chore.chore_id)
            return
        rows = self._items.walk_items(table.table_id, chore.cursor, _STEP_ITEMS)
        for _, stored in rows:
            self._items.set_expiry(stored.item_id, find_expiry_s(table, orjson.loads(stored.data)))
        self._advance(chore, rows[-1][0] if len(rows) == _STEP_ITEMS else None)

    def _drop_items(self, chore: Chore) -> None:
        if self._items.drop_items(chore.table_id, _STEP_ITEMS) < _STEP_ITEMS:
            self._chores.end(chore.chore_id)

    def _drop_entries(self, chore: Chore) -> None:
        if self._items.drop_entries(chore.index_id, _STEP_ITEMS) < _STEP_ITEMS:
            self._chores.end(chore.chore_id)

    def _advance(self, chore: Chore, cursor: Position | None) -> bool:
        """Note how far a walk has come; True if it is at its end."""
        if cursor is not None:
            self._chores.advance(chore.chore_id, cursor)
            return False
        self._chores.end(chore.chore_id)
        return True

    def _sweep(self) -> None:
        """Delete expired items and old stream records: a step of each, soon again if there is more."""
        pause_ms = TTL_SWEEP_MS
        try:
            if self._storage.run(lambda: self._sweep_step(self._clock.trusted_ms())):
                pause_ms = 0
        except Exception:  # noqa: BLE001 - a background loop: the next sweep tries again
            self._log.exception("a sweep of DynamoDB failed")
        if self._running:
            self._sweep_timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, self._sweep)

    def _sweep_step(self, now_ms: int) -> bool:
        # The age of a record is a duration; what a disabled stream and expired items are judged by is a date.
        more = self._streams.drop_records_before(self._clock.steady_ms() - STREAM_RETENTION_MS, _STEP_ITEMS)
        if not more:
            self._streams.drop_streams_disabled_before(now_ms - STREAM_RETENTION_MS)
        return self._delete_expired(now_ms // 1000) or more

    def _delete_expired(self, now_s: int) -> bool:
        more = False
        for table_id in self._tables.ttl_tables():
            table = self._tables.find_table_by_id(table_id)
            if table is not None:
                more = self._delete_expired_of(table, now_s) or more
        return more

    def _delete_expired_of(self, table: Table, now_s: int) -> bool:
        rows = self._items.expired_items(table.table_id, now_s - TTL_AGE_MAX_S, now_s, _STEP_ITEMS)
        meter, tally = Meter(), Tally(self._items)  # TTL's deletes cost nothing: this meter is not recorded
        for position, stored in rows:
            key = table.key.key_of(orjson.loads(stored.data))
            self._writer.apply(Delete(table, position, key, by_ttl=True), meter, tally)
        tally.store()
        return len(rows) == _STEP_ITEMS
