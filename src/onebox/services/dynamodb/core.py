"""The parts that every operation works with.

Operations are functions of this core; none of them knows the service or the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.context import Deps, RequestContext
from onebox.services.dynamodb.background import Background
from onebox.services.dynamodb.capacity import NAMESPACE
from onebox.services.dynamodb.change_records import ChangeRecorder
from onebox.services.dynamodb.store.chores import ChoreStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.store.tokens import TokenStore
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.dynamodb.writes import ItemWriter


@dataclass(frozen=True, slots=True)
class Core:
    """The stores, the cache of tables, the writers of items and of stream records, and the background work."""

    deps: Deps
    items: ItemStore
    tables: TableStore
    chores: ChoreStore
    streams: StreamStore
    changes: ChangeRecorder
    tokens: TokenStore
    table_cache: TableCache
    writer: ItemWriter
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
    items = ItemStore(storage)
    chores = ChoreStore(storage)
    streams = StreamStore(storage)
    tables = TableStore(storage, chores, streams)
    table_cache = TableCache(storage, tables)
    changes = ChangeRecorder(storage, deps.clock, deps.ids, streams)
    writer = ItemWriter(items, changes)
    background = Background(
        storage=storage,
        clock=deps.clock,
        log=deps.log,
        items=items,
        tables=tables,
        chores=chores,
        streams=streams,
        table_cache=table_cache,
        writer=writer,
    )
    return Core(
        deps=deps,
        items=items,
        tables=tables,
        chores=chores,
        streams=streams,
        changes=changes,
        tokens=TokenStore(storage),
        table_cache=table_cache,
        writer=writer,
        background=background,
    )
