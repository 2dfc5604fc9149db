"""The parts that every operation works with.

Operations are functions of this core; none of them knows the service or the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.context import Deps, RequestContext
from onebox.services.dynamodb.background.filling import Filler
from onebox.services.dynamodb.background.loop import Background
from onebox.services.dynamodb.background.sweeping import Sweeper
from onebox.services.dynamodb.capacity import NAMESPACE
from onebox.services.dynamodb.change_records import ChangeRecorder
from onebox.services.dynamodb.recovery.backups import BackupKeeper
from onebox.services.dynamodb.recovery.change_numbers import ChangeNumbers
from onebox.services.dynamodb.recovery.copying import Copier
from onebox.services.dynamodb.store.backups import BackupStore
from onebox.services.dynamodb.store.chores import ChoreStore
from onebox.services.dynamodb.store.copies import CopyStore
from onebox.services.dynamodb.store.history import HistoryStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.store.tokens import TokenStore
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.dynamodb.writes import ItemWriter


@dataclass(frozen=True, slots=True)
class Core:
    """The stores, the cache of tables, the writers of items and of stream records, backups, and the background work."""

    deps: Deps
    items: ItemStore
    tables: TableStore
    chores: ChoreStore
    streams: StreamStore
    changes: ChangeRecorder
    copies: CopyStore
    numbers: ChangeNumbers
    copier: Copier
    backups: BackupStore
    backup_keeper: BackupKeeper
    tokens: TokenStore
    table_cache: TableCache
    writer: ItemWriter
    sweeper: Sweeper
    background: Background

    def record_returned(self, context: RequestContext, table_name: str, operation: str, count: int) -> None:
        """Count the items that an operation returned, in the metric ReturnedItemCount."""
        self.record_operation(
            context,
            metric="ReturnedItemCount",
            table_name=table_name,
            operation=operation,
            value=count,
            unit="Count",
        )

    def record_operation(
        self,
        context: RequestContext,
        *,
        metric: str,
        table_name: str,
        operation: str,
        value: float,
        unit: str,
    ) -> None:
        """Record a metric with the dimensions TableName and Operation. ``table_name`` may be an ARN."""
        self.deps.metrics.add(
            account=context.account,
            region=context.region,
            namespace=NAMESPACE,
            name=metric,
            dimensions=(("Operation", operation), ("TableName", table_name.rpartition("/")[2])),
            value=value,
            unit=unit,
            now_ms=context.now_ms,
        )


def make_core(deps: Deps) -> Core:
    """Build the parts, each after those it needs."""
    storage = deps.storage
    items, chores, streams = ItemStore(storage), ChoreStore(storage), StreamStore(storage)
    copies, history, backups = CopyStore(storage), HistoryStore(storage), BackupStore(storage)
    tables = TableStore(storage, chores, streams, copies)
    table_cache = TableCache(storage, tables)
    changes = ChangeRecorder(storage, deps.clock, deps.ids, streams)
    numbers = ChangeNumbers(deps.clock, storage)
    writer = ItemWriter(items, changes, history, numbers)
    copier = Copier(
        items=items, tables=tables, history=history, copies=copies, backups=backups, table_cache=table_cache
    )
    keeper = BackupKeeper(
        ids=deps.ids,
        backups=backups,
        copies=copies,
        items=items,
        chores=chores,
        numbers=numbers,
        copier=copier,
        table_cache=table_cache,
    )
    filler = Filler(items=items, tables=tables, chores=chores, table_cache=table_cache)
    sweeper = Sweeper(
        clock=deps.clock,
        items=items,
        tables=tables,
        streams=streams,
        history=history,
        copies=copies,
        backups=keeper,
        numbers=numbers,
        writer=writer,
    )
    background = Background(
        storage=storage,
        clock=deps.clock,
        log=deps.log,
        chores=chores,
        copies=copies,
        history=history,
        filler=filler,
        copier=copier,
        sweeper=sweeper,
        numbers=numbers,
    )
    return Core(
        deps=deps,
        items=items,
        tables=tables,
        chores=chores,
        streams=streams,
        changes=changes,
        copies=copies,
        numbers=numbers,
        copier=copier,
        backups=backups,
        backup_keeper=keeper,
        tokens=TokenStore(storage),
        table_cache=table_cache,
        writer=writer,
        sweeper=sweeper,
        background=background,
    )
