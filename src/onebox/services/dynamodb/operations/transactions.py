"""TransactGetItems and TransactWriteItems.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from onebox.errors import AwsError, ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter, read_units
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.expressions.nodes import Path
from onebox.services.dynamodb.limits import TRANSACTION_BYTES_MAX
from onebox.services.dynamodb.model import StoredItem
from onebox.services.dynamodb.operations.items import item_collection_metrics, parse_paths, shown_items
from onebox.services.dynamodb.parameter_styles import GET, check_styles
from onebox.services.dynamodb.transactions import (
    TokenGuard,
    Transaction,
    cancels,
    raise_if_cancelled,
    refuse_repeated_items,
    transaction_too_large,
)
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.write_requests import check_key, parse_check, parse_delete, parse_put, parse_update
from onebox.services.dynamodb.writes import Prepared, Write

_PARSERS: dict[str, Callable[..., Write]] = {
    "ConditionCheck": parse_check,
    "Put": parse_put,
    "Delete": parse_delete,
    "Update": parse_update,
}


def transact_write_items(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Apply up to 100 writes and checks at once."""
    entries = request["TransactItems"]
    guard = TokenGuard(core, context, request)
    replay = guard.find_replay(request)
    if replay is not None:
        return replay
    transaction = Transaction(core, context)
    for entry in entries:
        if len(entry) != 1:
            raise ValidationException("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, action),) = entry.items()
        transaction.add(partial(_PARSERS[kind], core.table_cache, context, action))
    prepared = transaction.run()
    answer: Wire = {}
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        answer = _collections(prepared)
    guard.keep(prepared, answer)
    return transaction.meter.add_list_to(answer, request, split=True)


def transact_get_items(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Fetch up to 100 items as of one moment."""
    entries = request["TransactItems"]
    meter = Meter(factor=2)
    found: list[StoredItem | None] = []
    wanted: list[tuple[Path, ...] | None] = []
    failures: list[AwsError | None] = []
    targets: list[tuple[int, Position]] = []
    total_bytes = 0
    for entry in entries:
        get = entry["Get"]
        check_styles(get, GET)
        check_key(get["Key"])
        paths = parse_paths(get)
        table = core.table_cache.load(context, get["TableName"])
        try:
            position = table.key.position_of_key(get["Key"])
        except ValidationException as error:
            if not cancels(error):
                raise
            failures.append(error)
            continue
        failures.append(None)
        targets.append((table.table_id, position))
        stored = core.items.find_item(table.table_id, position)
        size_bytes = 0 if stored is None else stored.size_bytes
        total_bytes += size_bytes
        meter.read(table, read_units(size_bytes, consistent=True))
        found.append(stored)
        wanted.append(paths)
    refuse_repeated_items(targets)
    raise_if_cancelled(failures)
    if total_bytes > TRANSACTION_BYTES_MAX:
        raise transaction_too_large()
    there = [(stored, paths) for stored, paths in zip(found, wanted, strict=True) if stored is not None]
    shown = iter(shown_items(context.beside, there))
    items = [None if stored is None else next(shown) for stored in found]
    meter.record(core.deps.metrics, context)
    responses: list[Wire] = [{"Item": item} if item else {} for item in items]
    return meter.add_list_to({"Responses": responses}, request, split=True)


def _collections(prepared: list[Prepared]) -> Wire:
    collections: dict[str, list[Wire]] = {}
    for change in prepared:
        metrics = item_collection_metrics(change)
        if metrics is not None:
            collections.setdefault(change.write.table.name, []).append(metrics)
    return {"ItemCollectionMetrics": collections} if collections else {}
