"""GetItem, PutItem, UpdateItem, DeleteItem.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html and its neighbours
"""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.beside import Beside, do_beside
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter, read_units
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.expressions.binding.bindings import Bindings
from onebox.services.dynamodb.expressions.conditions import holds
from onebox.services.dynamodb.expressions.nodes import Path
from onebox.services.dynamodb.expressions.projections import project
from onebox.services.dynamodb.legacy import parse_attributes_to_get
from onebox.services.dynamodb.limits import LONG_WORK_BYTES
from onebox.services.dynamodb.model import LOCAL, StoredItem, Table
from onebox.services.dynamodb.parameter_styles import GET, check_styles
from onebox.services.dynamodb.reads import check_scalar_keys
from onebox.services.dynamodb.values.attributes import Item
from onebox.services.dynamodb.write_requests import check_key, parse_delete, parse_put, parse_update
from onebox.services.dynamodb.writes import Prepared, Tally, Update, Write


def put_item(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Store a whole item, new or in place of another."""
    put = parse_put(core.table_cache, context, request)
    meter, tally = Meter(), Tally(core.items)
    # Most puts are of new items: where a missing item would pass the condition, one statement stores and decides.
    is_quick = context.beside is None and (put.condition is None or holds(put.condition, {}))
    if is_quick and core.writer.insert(put, meter, tally):
        tally.store()
        meter.record(core.deps.metrics, context)
        return {} if len(request) == 2 else _answer(Prepared(put, None, None, put.item), request, meter)
    prepared = _apply(core, context, put, request, meter=meter, tally=tally)
    return _answer(prepared, request, meter)


def delete_item(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete an item; deleting what is not there is a success."""
    delete = parse_delete(core.table_cache, context, request)
    meter = Meter()
    prepared = _apply(core, context, delete, request, meter=meter, tally=Tally(core.items))
    return _answer(prepared, request, meter)


def update_item(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Change attributes of an item, or make one of its key."""
    update = parse_update(core.table_cache, context, request)
    meter = Meter()
    prepared = _apply(core, context, update, request, meter=meter, tally=Tally(core.items))
    return _answer(prepared, request, meter)


def get_item(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Fetch one item."""
    check_key(request["Key"])
    paths = None
    if len(request) > 2:
        check_styles(request, GET)
        paths = parse_paths(request)
    table = core.table_cache.load(context, request["TableName"])
    if paths is not None:
        check_scalar_keys(paths, table, None)
    stored = core.items.find_item(table.table_id, table.key.position_of_key(request["Key"]))
    meter = Meter()
    meter_get(meter, table, stored, request)
    meter.record(core.deps.metrics, context)
    answer: Wire = {} if stored is None else {"Item": shown_item(stored, paths)}
    return meter.add_to(answer, request)


def parse_paths(request: Wire) -> tuple[Path, ...] | None:
    """The projection of GetItem or of one table in BatchGetItem; None for whole items."""
    text = request.get("ProjectionExpression")
    bindings = Bindings.of_request(request)
    paths = parse_attributes_to_get(request) if text is None else bindings.projection(text)
    bindings.check_all_used()
    return paths


def shown_item(stored: StoredItem, paths: tuple[Path, ...] | None) -> Any:
    """The item for an answer: its JSON as it is stored, or what a projection leaves of it."""
    if paths is None:
        return orjson.Fragment(stored.data)
    return project(orjson.loads(stored.data), paths)


def shown_items(beside: Beside | None, found: list[tuple[StoredItem, tuple[Path, ...] | None]]) -> list[Any]:
    """As :func:`shown_item`, of several items; what takes long is done beside the event loop."""
    looked_into = [stored.data for stored, paths in found if paths is not None]
    if sum(map(len, looked_into)) <= LONG_WORK_BYTES:
        return [shown_item(stored, paths) for stored, paths in found]
    return do_beside(beside, "shown", looked_into, lambda: [shown_item(stored, paths) for stored, paths in found])


def meter_get(meter: Meter, table: Table, stored: StoredItem | None, request: Wire) -> None:
    """Count the read of one item, found or not."""
    size_bytes = 0 if stored is None else stored.size_bytes
    meter.read(table, read_units(size_bytes, consistent=request.get("ConsistentRead", False)))


def _apply(core: Core, context: RequestContext, write: Write, request: Wire, meter: Meter, tally: Tally) -> Prepared:
    needs_old = request.get("ReturnValues", "NONE") != "NONE"
    prepared = core.writer.apply(write, meter, tally, needs_old=needs_old, context=context)
    tally.store()
    meter.record(core.deps.metrics, context)
    return prepared


def _answer(prepared: Prepared, request: Wire, meter: Meter) -> Wire:
    answer: Wire = {}
    attributes = _returned_attributes(prepared, request.get("ReturnValues", "NONE"))
    if attributes:
        answer["Attributes"] = attributes
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        metrics = item_collection_metrics(prepared)
        if metrics is not None:
            answer["ItemCollectionMetrics"] = metrics
    return meter.add_to(answer, request)


def _returned_attributes(prepared: Prepared, return_values: str) -> Item | None:
    if return_values == "ALL_OLD":
        return prepared.old
    if return_values == "ALL_NEW":
        return prepared.new
    if return_values in ("UPDATED_OLD", "UPDATED_NEW") and isinstance(prepared.write, Update):
        item = prepared.old if return_values == "UPDATED_OLD" else prepared.new
        paths = tuple(action.path for action in prepared.write.actions)
        return project(item or {}, paths) if paths else None
    return None


def item_collection_metrics(prepared: Prepared) -> Wire | None:
    """The item collection of a write; only tables with local indexes have such."""
    table = prepared.write.table
    if not any(index.scope == LOCAL for index in table.indexes):
        return None
    write = prepared.write
    item = prepared.new or prepared.old or getattr(write, "key", {})
    name = table.key.partition.name
    return {"ItemCollectionKey": {name: item[name]}, "SizeEstimateRangeGB": [0.0, 1.0]}
