"""Turns the write requests of the API into actions: Put, Update, Delete, Check.

Promises: every refusal that needs no stored item is found here, in AWS's order: values, then the table, then keys.
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.expressions.binding.bindings import Bindings
from onebox.services.dynamodb.expressions.conditions import paths_of
from onebox.services.dynamodb.expressions.nodes import Action, Condition
from onebox.services.dynamodb.key_updates import check_keys_untouched
from onebox.services.dynamodb.legacy import (
    parse_attribute_updates,
    parse_expected,
)
from onebox.services.dynamodb.limits import ITEM_BYTES_MAX
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.parameter_styles import UPDATE, WRITE, check_styles
from onebox.services.dynamodb.reads import check_scalar_keys
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.dynamodb.values.attributes import ITEM_TOO_LARGE, Item, check_value, serialize_item
from onebox.services.dynamodb.values.keys import check_index_key
from onebox.services.dynamodb.writes import Check, Delete, Put, Update


def parse_put(tables: TableCache, context: RequestContext, request: Wire) -> Put:
    """A PutItem request or the Put of a transaction."""
    if len(request) == 2:  # TableName and Item, the commonest by far
        return make_put(tables, context, request["TableName"], request["Item"])
    check_styles(request, WRITE)
    data, size_bytes = serialize_item(request["Item"])
    _check_return_values(request)
    check_item_size(size_bytes)
    expected = parse_expected(request)
    bindings = Bindings.of_request(request)
    condition = _parse_condition(request, bindings, expected)
    bindings.check_all_used()
    table = tables.load(context, request["TableName"])
    _check_scalar_keys(condition, table)
    put = make_located_put(table, request["Item"], data, size_bytes)
    put.condition = condition
    put.returns_old_on_failure = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return put


def make_put(tables: TableCache, context: RequestContext, table_name: str, item: Item) -> Put:
    """A put without any condition."""
    data, size_bytes = serialize_item(item)
    check_item_size(size_bytes)
    return make_located_put(tables.load(context, table_name), item, data, size_bytes)


def make_located_put(table: Table, item: Item, data: bytes, size_bytes: int) -> Put:
    """A put of a checked, serialised item, once its keys are found right."""
    position = table.key.position_of_item(item)
    for index in table.indexes:
        check_index_key(item, index.key, index.name)
    return Put(table, position, item, data, size_bytes)


def parse_delete(tables: TableCache, context: RequestContext, request: Wire) -> Delete:
    """A DeleteItem request or the Delete of a transaction."""
    check_styles(request, WRITE)
    check_key(request["Key"])
    _check_return_values(request)
    expected = parse_expected(request)
    bindings = Bindings.of_request(request)
    condition = _parse_condition(request, bindings, expected)
    bindings.check_all_used()
    table = tables.load(context, request["TableName"])
    _check_scalar_keys(condition, table)
    return Delete(
        table,
        table.key.position_of_key(request["Key"]),
        request["Key"],
        condition,
        request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
    )


def parse_check(tables: TableCache, context: RequestContext, request: Wire) -> Check:
    """The ConditionCheck of a transaction."""
    delete = parse_delete(tables, context, request)
    return Check(delete.table, delete.position, delete.key, delete.condition, delete.returns_old_on_failure)


def parse_update(tables: TableCache, context: RequestContext, request: Wire) -> Update:
    """An UpdateItem request or the Update of a transaction."""
    check_styles(request, UPDATE)
    check_key(request["Key"])
    legacy_actions = parse_attribute_updates(request)
    expected = parse_expected(request)
    bindings = Bindings.of_request(request)
    actions = _parse_actions(request, bindings, legacy_actions)
    condition = _parse_condition(request, bindings, expected)
    bindings.check_all_used()
    table = tables.load(context, request["TableName"])
    _check_scalar_keys(condition, table)
    position = table.key.position_of_key(request["Key"])
    check_keys_untouched(table, actions)
    return Update(
        table,
        position,
        request["Key"],
        actions,
        condition=condition,
        returns_old_on_failure=request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
    )


def check_key(key: Item) -> None:
    """Check the values of a Key."""
    for value in key.values():
        check_value(value)


def check_item_size(size_bytes: int) -> None:
    """Refuse an item that is too large to be stored."""
    if size_bytes > ITEM_BYTES_MAX:
        raise ValidationException(ITEM_TOO_LARGE)


def _check_scalar_keys(condition: Condition | None, table: Table) -> None:
    if condition is not None:
        check_scalar_keys(paths_of(condition), table, None)


def _check_return_values(request: Wire) -> None:
    if request.get("ReturnValues", "NONE") not in ("NONE", "ALL_OLD"):
        raise ValidationException("ReturnValues can only be ALL_OLD or NONE")


def _parse_condition(request: Wire, bindings: Bindings, expected: Condition | None) -> Condition | None:
    text = request.get("ConditionExpression")
    return expected if text is None else bindings.condition(text)


def _parse_actions(request: Wire, bindings: Bindings, legacy: tuple[Action, ...]) -> tuple[Action, ...]:
    text = request.get("UpdateExpression")
    return legacy if text is None else bindings.update(text)
