"""Deleting what has had its time: expired items, old stream records, old versions of items, expired backups.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from __future__ import annotations

import orjson

from onebox.clock import Clock
from onebox.services.dynamodb.capacity import Meter
from onebox.services.dynamodb.limits import STEP_BYTES, STEP_ITEMS, STREAM_RETENTION_MS, TTL_AGE_MAX_S
from onebox.services.dynamodb.model import StoredItem, Table
from onebox.services.dynamodb.recovery.backups import BackupKeeper
from onebox.services.dynamodb.recovery.change_numbers import ALWAYS, ChangeNumbers
from onebox.services.dynamodb.recovery.window import DAY_MS
from onebox.services.dynamodb.store.copies import CopyStore
from onebox.services.dynamodb.store.history import HistoryStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.writes import Delete, ItemWriter, Tally

_STEP_TABLES = 50
"""In how many tables a step looks for versions that are of no use."""
_SLACK_MS = 2_000
"""How much longer versions are kept: the window begins with a whole second, up to one second before its period."""


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
        self._last_table_id = -ALWAYS
        """Up to where the tables' old versions have been looked at."""

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
        for _ in range(_STEP_TABLES):
            table_id = self._history.find_next_table(self._last_table_id)
            if table_id is None:
                self._last_table_id = -ALWAYS
                return False
            if self._history.drop_replaced(table_id, self._last_needless(table_id), STEP_ITEMS):
                return True  # this table may have more of them
            self._last_table_id = table_id
        return True

    def _last_needless(self, table_id: int) -> int:
        """The number up to which ended versions of a table are of no use."""
        table = self._tables.find_table_by_id(table_id)
        recovery = None if table is None else table.settings.get("PointInTimeRecovery")
        last = ALWAYS
        if recovery is not None:
            last = self._numbers.age_out(recovery["RecoveryPeriodInDays"] * DAY_MS + _SLACK_MS)
        copied = self._copies.first_moment(table_id)
        return last if copied is None else min(last, copied)

    def _delete_expired(self, now_s: int) -> bool:
        """A step of one table's expired items; True if there may be more, of this table or another."""
        for table_id in self._tables.ttl_tables():
            rows, _ = self._items.expired_items(
                table_id, now_s - TTL_AGE_MAX_S, now_s, items_max=STEP_ITEMS, bytes_max=STEP_BYTES
            )
            table = self._tables.find_table_by_id(table_id) if rows else None
            if table is not None:
                self._delete_items(table, rows)
                return True
        return False

    def _delete_items(self, table: Table, rows: list[tuple[Position, StoredItem]]) -> None:
        meter, tally = Meter(), Tally(self._items)  # TTL's deletes cost nothing: this meter is not recorded
        for position, stored in rows:
            key = table.key.key_of(orjson.loads(stored.data))
            self._writer.apply(Delete(table, position, key, by_ttl=True), meter, tally)
        tally.store()
