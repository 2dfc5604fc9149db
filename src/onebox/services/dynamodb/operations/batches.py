"""BatchGetItem and BatchWriteItem.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import orjson

from onebox.errors import ValidationException
from onebox.services.beside import WorkNeeded
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import key_mismatch
from onebox.services.dynamodb.expressions.nodes import Path
from onebox.services.dynamodb.limits import (
    BATCH_GET_BYTES_MAX,
    BATCH_GETS_MAX,
    BATCH_JSON_BYTES_MAX,
    BATCH_WRITES_MAX,
)
from onebox.services.dynamodb.model import StoredItem, Table
from onebox.services.dynamodb.operations.items import (
    item_collection_metrics,
    meter_get,
    parse_paths,
    shown_items,
)
from onebox.services.dynamodb.parameter_styles import GET, check_styles
from onebox.services.dynamodb.values.attributes import Item, serialize_item
from onebox.services.dynamodb.values.keys import check_index_key
from onebox.services.dynamodb.write_requests import check_item_size, check_key
from onebox.services.dynamodb.writes import Delete, Prepared, Put, Tally, Write

_Entry = tuple[str, Wire, Write]


def batch_get_item(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Fetch up to 100 items by their keys; what would exceed 16 MB comes back as UnprocessedKeys."""
    wanted = _parse_gets(request)
    plan = []
    for name, part in wanted.items():
        paths = parse_paths(part)
        table = core.table_cache.load(context, name)
        positions = [table.key.position_of_key(key) for key in part["Keys"]]
        _refuse_duplicates([(table.table_id, position) for position in positions])
        plan.append((name, part, table, paths, positions))
    meter = Meter()
    found: dict[str, list[tuple[StoredItem, tuple[Path, ...] | None]]] = {}
    unprocessed: dict[str, Wire] = {}
    read_bytes = json_bytes = 0
    for name, part, table, paths, positions in plan:
        items = found.setdefault(name, [])
        for key, position in zip(part["Keys"], positions, strict=True):
            stored = core.items.find_item(table.table_id, position)
            size_bytes = 0 if stored is None else stored.size_bytes
            json_bytes += 0 if stored is None else len(stored.data)
            if read_bytes + size_bytes > BATCH_GET_BYTES_MAX or json_bytes > BATCH_JSON_BYTES_MAX:
                unprocessed.setdefault(name, {**part, "Keys": []})["Keys"].append(key)
                continue
            read_bytes += size_bytes
            meter_get(meter, table, stored, part)
            if stored is not None:
                items.append((stored, paths))
    shown = iter(shown_items(context.beside, [one for items in found.values() for one in items]))
    responses = {name: [next(shown) for _ in items] for name, items in found.items()}
    meter.record(core.deps.metrics, context)
    for name, items in responses.items():
        core.record_returned(context, name, "BatchGetItem", len(items))
    return meter.add_list_to({"Responses": responses, "UnprocessedKeys": unprocessed}, request)


def _parse_gets(request: Wire) -> dict[str, Wire]:
    wanted: dict[str, Wire] = request["RequestItems"]
    if not wanted:
        raise ValidationException("The requestItems parameter is required for BatchGetItem")
    if sum(len(part["Keys"]) for part in wanted.values()) > BATCH_GETS_MAX:
        raise ValidationException("Too many items requested for the BatchGetItem call")
    _refuse_mixed_projections(list(wanted.values()))
    for part in wanted.values():
        for key in part["Keys"]:
            check_key(key)
        _refuse_duplicates([orjson.dumps(key, option=orjson.OPT_SORT_KEYS) for key in part["Keys"]])
    return wanted


def _refuse_mixed_projections(parts: list[Wire]) -> None:
    """Both ages of projections are refused beside each other, also in different tables of one request."""
    together: Wire = {}
    for part in parts:
        check_styles(part, GET)
        together |= part
    check_styles(together, GET)


def batch_write_item(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Put and delete up to 25 items, each by itself; all of them are processed."""
    writes = _parse_writes(core, context, request)
    meter, tally = Meter(), Tally(core.items)
    collections: dict[str, list[Wire]] = {}
    shows_collections = request.get("ReturnItemCollectionMetrics") == "SIZE"
    is_quick = context.beside is None and not shows_collections
    rest = [entry for entry in writes if not (is_quick and _is_inserted(core, entry[2], meter, tally))]
    decided = _decide(core, context, rest)
    for (name, _, _), prepared in zip(rest, decided, strict=False):
        core.writer.commit(prepared, meter, tally)
        metrics = item_collection_metrics(prepared) if shows_collections else None
        if metrics is not None:
            collections.setdefault(name, []).append(metrics)
    tally.store()
    meter.record(core.deps.metrics, context)
    unprocessed: dict[str, list[Wire]] = {}
    for name, entry, _ in rest[len(decided) :]:
        unprocessed.setdefault(name, []).append(entry)
    answer: Wire = {"UnprocessedItems": unprocessed}
    if collections:
        answer["ItemCollectionMetrics"] = collections
    return meter.add_list_to(answer, request)


def _is_inserted(core: Core, write: Write, meter: Meter, tally: Tally) -> bool:
    return isinstance(write, Put) and core.writer.insert(write, meter, tally)


def _decide(core: Core, context: RequestContext, entries: list[_Entry]) -> list[Prepared]:
    """The writes, decided; those whose items' JSON would exceed BATCH_JSON_BYTES_MAX are left out."""
    prepared: list[Prepared] = []
    needed: WorkNeeded | None = None
    json_bytes = 0
    for _, _, write in entries:
        stored = core.writer.find(write)
        json_bytes += 0 if stored is None else len(stored.data)
        if json_bytes > BATCH_JSON_BYTES_MAX:
            break
        try:
            prepared.append(core.writer.prepare_found(write, stored, context=context))
        except WorkNeeded as error:
            needed = error  # that of the other writes is done at the same time
    if needed is not None:
        raise needed
    return prepared


def _parse_writes(core: Core, context: RequestContext, request: Wire) -> list[_Entry]:
    """The table's name, the entry and the write it stands for."""
    wanted: dict[str, list[Wire]] = request["RequestItems"]
    if not wanted:
        raise ValidationException("The requestItems parameter is required for BatchWriteItem")
    if sum(map(len, wanted.values())) > BATCH_WRITES_MAX:
        raise ValidationException("Too many items requested for the BatchWriteItem call")
    writes: list[_Entry] = []
    for name, requests in wanted.items():
        checked = [_check_write(entry) for entry in requests]
        table = core.table_cache.load(context, name)
        located = [_locate(table, *one) for one in checked]
        writes.extend((name, entry, write) for entry, write in zip(requests, located, strict=True))
    _refuse_duplicates([(write.table.table_id, write.position) for _, _, write in writes])
    return writes


def _check_write(entry: Wire) -> tuple[Item, bytes | None, int]:
    """The item and its form to store, or the key and None for a delete."""
    put, delete = entry.get("PutRequest"), entry.get("DeleteRequest")
    if (put is None) == (delete is None):
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
            if put is not None
            else "Supplied WriteRequest is empty, must contain exactly one of PutRequest or DeleteRequest"
        )
    if put is not None:
        item: Item = put["Item"]
        data, size_bytes = serialize_item(item)
        check_item_size(size_bytes)
        return item, data, size_bytes
    assert delete is not None, "one of both is there"
    check_key(delete["Key"])
    return delete["Key"], None, 0


def _locate(table: Table, item: Item, data: bytes | None, size_bytes: int) -> Write:
    if data is None:
        return Delete(table, table.key.position_of_key(item), item)
    # Batches speak of a put's key as lookups do.
    for attribute in table.key.attributes:
        if attribute.kind not in item.get(attribute.name, ()):
            raise key_mismatch()
    position = table.key.position_of_item(item)
    for index in table.indexes:
        check_index_key(item, index.key, index.name)
    return Put(table, position, item, data, size_bytes)


def _refuse_duplicates(targets: Sequence[Hashable]) -> None:
    if len(set(targets)) != len(targets):
        raise ValidationException("Provided list of item keys contains duplicates")
