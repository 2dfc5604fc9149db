"""Deleting what has had its time: expired items, old stream records, old versions of items, expired backups.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from __future__ import annotations

import orjson

from onebox.clock import Clock
from onebox.services.dynamodb.capacity import Meter
from onebox.services.dynamodb.limits import STEP_ITEMS, STREAM_RETENTION_MS, TTL_AGE_MAX_S
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.recovery.backups import BackupKeeper
from onebox.services.dynamodb.recovery.change_numbers import ALWAYS, ChangeNumbers
from onebox.services.dynamodb.recovery.window import DAY_MS
from onebox.services.dynamodb.store.copies import CopyStore
from onebox.services.dynamodb.store.history import HistoryStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.writes import Delete, ItemWriter, Tally


class Sweeper:
    """Does one step of each kind of deleting, inside a job."""

    def __init__(
        self,
        *,
        clock: Clock,
        items: ItemStore,
        tables: TableStore,
        streams: StreamStore,
        history: HistoryStore,
        copies: CopyStore,
        backups: BackupKeeper,
        numbers: ChangeNumbers,
        writer: ItemWriter,
    ) -> None:
        self._clock = clock
        self._items = items
        self._tables = tables
        self._streams = streams
        self._history = history
        self._copies = copies
        self._backups = backups
        self._numbers = numbers
        self._writer = writer

    def step(self, now_ms: int) -> bool:
        """Delete some of what is due by ``now_ms``; True if there is more."""
        # The age of a record is a duration; what a disabled stream and expired items are judged by is a date.
        more = self._streams.drop_records_before(self._clock.steady_ms() - STREAM_RETENTION_MS, STEP_ITEMS)
        if not more:
            self._streams.drop_streams_disabled_before(now_ms - STREAM_RETENTION_MS)
        more = self._drop_old_versions() or more
        self._backups.delete_expired(now_ms)
        return self._delete_expired(now_ms // 1000) or more

    def _drop_old_versions(self) -> bool:
        """Drop versions that neither recovery nor a copy under way can ask for."""
        more = False
        table_id = self._history.find_next_table(-ALWAYS)
        while table_id is not None:
            dropped = self._history.drop_replaced(table_id, self._last_needless(table_id), STEP_ITEMS)
            more = more or dropped == STEP_ITEMS
            table_id = self._history.find_next_table(table_id)
        return more

    def _last_needless(self, table_id: int) -> int:
        """The number up to which ended versions of a table are of no use."""
        table = self._tables.find_table_by_id(table_id)
        recovery = None if table is None else table.settings.get("PointInTimeRecovery")
        last = ALWAYS if recovery is None else self._numbers.age_out(recovery["RecoveryPeriodInDays"] * DAY_MS)
        copied = self._copies.first_moment(table_id)
        return last if copied is None else min(last, copied)

    def _delete_expired(self, now_s: int) -> bool:
        more = False
        for table_id in self._tables.ttl_tables():
            table = self._tables.find_table_by_id(table_id)
            if table is not None:
                more = self._delete_expired_of(table, now_s) or more
        return more

    def _delete_expired_of(self, table: Table, now_s: int) -> bool:
        rows = self._items.expired_items(table.table_id, now_s - TTL_AGE_MAX_S, now_s, STEP_ITEMS)
        meter, tally = Meter(), Tally(self._items)  # TTL's deletes cost nothing: this meter is not recorded
        for position, stored in rows:
            key = table.key.key_of(orjson.loads(stored.data))
            self._writer.apply(Delete(table, position, key, by_ttl=True), meter, tally)
        tally.store()
        return len(rows) == STEP_ITEMS
