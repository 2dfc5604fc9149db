"""Runs PartiQL statements through the same reads and writes as the item operations.

Promises: a statement means what its API twin means (INSERT a put that must be new, UPDATE an update of what is there,
DELETE a delete, SELECT a get, query or scan); it is refused before anything is written.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import orjson

from onebox.errors import ValidationException
from onebox.services.beside import do_beside
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter, read_units
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import DuplicateItemException
from onebox.services.dynamodb.expressions.binding.bindings import Bindings
from onebox.services.dynamodb.expressions.conditions import holds
from onebox.services.dynamodb.expressions.effort import check_effort, count_large_values
from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import Condition, Function, Literal, Path, ValueRef
from onebox.services.dynamodb.expressions.paths import find_value
from onebox.services.dynamodb.expressions.projections import project
from onebox.services.dynamodb.key_updates import check_keys_untouched
from onebox.services.dynamodb.limits import LONG_WORK_BYTES
from onebox.services.dynamodb.model import GLOBAL, Index, Table
from onebox.services.dynamodb.pages import Start
from onebox.services.dynamodb.partiql.nodes import (
    DeleteStatement,
    Exists,
    Insert,
    Returning,
    Select,
    UpdateStatement,
)
from onebox.services.dynamodb.partiql.plan import (
    RangeWhere,
    find_keyed,
    join,
    load_keyed,
    plan_ranges,
)
from onebox.services.dynamodb.ranges import check_start_attribute
from onebox.services.dynamodb.reads import (
    Reading,
    check_filter_projected,
    check_projected,
    last_evaluated_key,
    read_page,
)
from onebox.services.dynamodb.start_keys import check_scan_start, check_start_size, check_start_values, make_start
from onebox.services.dynamodb.values.attributes import AttributeValue, Item, check_value, serialize_item
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.write_requests import check_item_size, make_located_put
from onebox.services.dynamodb.writes import Check, Delete, Prepared, Put, Tally, Update

T = TypeVar("T")


class Target(NamedTuple):
    """The item that a SELECT means; of no bytes if there is none."""

    table_id: int
    position: Position
    size_bytes: int


class Parameters:
    """The values given for the ``?`` of one statement."""

    def __init__(self, wanted: int, values: list[AttributeValue]) -> None:
        if len(values) != wanted:
            raise ValidationException("Number of parameters in request and statement don't match.")
        self.values = values
        """In the order of the text."""

    def by_name(self) -> dict[str, AttributeValue]:
        """The values under the names that the parser gives them."""
        return {f"?{at}": value for at, value in enumerate(self.values)}

    def bindings(self) -> Bindings:
        """For conditions and actions; checks the values."""
        for value in self.values:
            check_value(value)
        return Bindings(None, self.by_name())


def parse_insert(core: Core, context: RequestContext, statement: Insert, parameters: Parameters) -> Put:
    """The put that an INSERT means."""
    names = statement.parameter_names
    item = _bind_item(statement, parameters) if names is None else dict(zip(names, parameters.values, strict=True))
    if context.beside is None or not parameters.values:
        data, size_bytes = serialize_item(item)
    else:
        name = ("insert", id(parameters.values))  # the list is the request's own
        data, size_bytes = do_beside(context.beside, name, None, lambda: serialize_item(item))
    check_item_size(size_bytes)
    table = core.table_cache.load(context, statement.table_name)
    return make_located_put(table, item, data, size_bytes)


def _bind_item(statement: Insert, parameters: Parameters) -> Item:
    values = parameters.by_name()
    item: Item = {}
    bindings: Bindings | None = None
    for name, member in statement.item.members:
        if isinstance(member, ValueRef):
            item[name] = values[member.name]  # type: ignore[index]  # members of a tuple have names
        elif isinstance(member, Literal):
            item[name] = member.value  # type: ignore[index]
        else:
            bindings = bindings or parameters.bindings()
            bound = bindings.operand(member)
            assert isinstance(bound, Literal), "only values stand here"
            item[name] = bound.value  # type: ignore[index]
    return item


def insert(core: Core, context: RequestContext, put: Put, meter: Meter, tally: Tally, *, shows_existing: bool) -> None:
    """Store what an INSERT means. Raises DuplicateItemException."""
    if context.beside is not None:
        put.must_be_new = True
        put.returns_old_on_failure = shows_existing
        core.writer.apply(put, meter, tally, context=context)
        return
    if core.writer.insert(put, meter, tally):
        return
    existing = None
    if shows_existing:
        stored = core.items.find_item(put.table.table_id, put.position)
        assert stored is not None, "the insert found it"
        existing = orjson.loads(stored.data)
    raise DuplicateItemException(existing)


def parse_update(core: Core, context: RequestContext, statement: UpdateStatement, parameters: Parameters) -> Update:
    """The update that an UPDATE means: of an item that exists."""
    bindings = parameters.bindings()
    actions = _binding(lambda: bindings.bind_actions(statement.actions))
    where = _bind_where(statement.where, bindings)
    table = core.table_cache.load(context, statement.table_name)
    keyed = load_keyed(where, table.key)
    check_keys_untouched(table, actions)
    condition = _must_exist(table, keyed.rest)
    return Update(table, table.key.position_of_key(keyed.key), keyed.key, actions, condition)


def parse_delete(core: Core, context: RequestContext, statement: DeleteStatement, parameters: Parameters) -> Delete:
    """The delete that a DELETE means."""
    where = _bind_where(statement.where, parameters.bindings())
    table = core.table_cache.load(context, statement.table_name)
    keyed = load_keyed(where, table.key)
    return Delete(table, table.key.position_of_key(keyed.key), keyed.key, keyed.rest)


def parse_exists(core: Core, context: RequestContext, statement: Exists, parameters: Parameters) -> Check:
    """The condition check that EXISTS means."""
    where = _bind_where(statement.select.where, parameters.bindings())
    table = core.table_cache.load(context, statement.table_name)
    keyed = load_keyed(where, table.key)
    condition = _must_exist(table, keyed.rest)
    return Check(table, table.key.position_of_key(keyed.key), keyed.key, condition)


def returned_item(prepared: Prepared, returning: Returning | None) -> Item | None:
    """What a RETURNING clause shows of a write; None for nothing."""
    if returning is None:
        return None
    item = prepared.old if returning.moment == "OLD" else prepared.new
    if item is None or returning.scope == "ALL":
        return item
    assert isinstance(prepared.write, Update), "the parser allows MODIFIED in UPDATE only"
    return project(item, tuple(action.path for action in prepared.write.actions)) or None


def select_one(
    core: Core,
    context: RequestContext,
    statement: Select,
    parameters: Parameters,
    meter: Meter,
    *,
    consistent: bool,
    no_whole_key: str,
    targets: list[Target],
) -> Item | None:
    """The one item that a SELECT with a whole key means. Raises ValidationException with ``no_whole_key``.

    The item is added to ``targets``."""
    where = _bind_where(statement.where, parameters.bindings())
    table = core.table_cache.load(context, statement.table_name)
    keyed = find_keyed(where, table.key)
    if keyed is None:
        raise ValidationException(no_whole_key)
    position = table.key.position_of_key(keyed.key)
    stored = core.items.find_item(table.table_id, position)
    size_bytes = 0 if stored is None else stored.size_bytes
    targets.append(Target(table.table_id, position, size_bytes))
    meter.read(table, read_units(size_bytes, consistent=consistent))
    if stored is None:
        return None
    rest, data = keyed.rest, stored.data

    def look_inside() -> Item | None:
        item: Item = orjson.loads(data)
        if rest is not None:
            check_effort(rest, data, count_large_values(rest))
            if not holds(rest, item):
                return None
        return _shown(item, statement.paths)

    if context.beside is None and len(data) <= LONG_WORK_BYTES:
        return look_inside()
    return do_beside(context.beside, len(targets), data, look_inside)


def select_page(
    core: Core,
    context: RequestContext,
    statement: Select,
    parameters: Parameters,
    *,
    request: Wire,
    meter: Meter,
) -> Wire:
    """A page of what a SELECT means, with the token for the next."""
    where = _bind_where(statement.where, parameters.bindings())
    table = core.table_cache.load(context, statement.table_name)
    index = _find_index(table, statement.index_name, request)
    plan = plan_ranges(where, table.key if index is None else index.key)
    reading = Reading(
        table,
        index,
        forward=_parse_direction(statement, plan, table, index),
        filter=plan.filter,
        limit=request.get("Limit"),
        consistent=request.get("ConsistentRead", False),
        keeps_rows=statement.paths is None,
    )
    check_filter_projected(plan.filter, index)
    reading.paths = statement.paths
    check_projected(reading)
    reading.paths = None
    return _read_ranges(core, reading, plan, statement, token=request.get("NextToken"), meter=meter)


def _read_ranges(
    core: Core, reading: Reading, plan: RangeWhere, statement: Select, *, token: str | None, meter: Meter
) -> Wire:
    at, start = _parse_token(token)
    ranges = plan.ranges or (None,)
    if at >= len(ranges):
        raise ValidationException("Invalid NextToken: the token does not belong to this statement")
    items: list[Any] = []
    last: Item | None = None
    while True:
        reading.key_range = ranges[at]
        reading.start = None if start is None else _parse_start(reading, start)
        page = read_page(core.items, reading, meter)
        items += page.items
        last = last_evaluated_key(reading, page)
        if last is not None:
            break
        at, start = at + 1, None
        if at == len(ranges):
            break
        if reading.limit is not None:
            reading.limit -= page.scanned
    answer: Wire = {"Items": [_shown(item, statement.paths) for item in items]}
    if last is not None:
        answer["NextToken"] = b64encode(orjson.dumps([at, last])).decode()
        answer["LastEvaluatedKey"] = last
    return answer


def _parse_start(reading: Reading, key: Item) -> Start:
    table, index, key_range = reading.table, reading.index, reading.key_range
    check_start_values(key)
    if key_range is None:
        check_scan_start(key, table, index)
    else:
        check_start_size(key, table, index, is_scan=False)
        for attribute in (table.key if index is None else index.key).attributes:
            check_start_attribute(key, attribute)
    return make_start(key, table, index, key_range, None)


def _parse_token(token: str | None) -> tuple[int, Item | None]:
    if token is None:
        return 0, None
    try:
        at, start = orjson.loads(b64decode(token, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValidationException("Invalid NextToken") from error
    if type(at) is not int or type(start) is not dict or at < 0:
        raise ValidationException("Invalid NextToken")
    return at, start


def _find_index(table: Table, name: str | None, request: Wire) -> Index | None:
    if name is None:
        return None
    index = table.find_index(name)
    if index is None:
        raise ValidationException("The table does not have the specified index")
    if index.scope == GLOBAL and request.get("ConsistentRead"):
        raise ValidationException("Strongly consistent read is not supported on Global Secondary Indexes")
    return index


def _parse_direction(statement: Select, plan: RangeWhere, table: Table, index: Index | None) -> bool:
    if not statement.order:
        return True
    if statement.where is None:
        raise ValidationException("Must have WHERE clause in the statement when using ORDER BY clause.")
    if plan.ranges is None:
        raise ValidationException(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    schema = table.key if index is None else index.key
    for name, _ in statement.order:
        if name not in schema.names:
            raise ValidationException(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
    by_sort = [ascending for name, ascending in statement.order if schema.sort and name == schema.sort.name]
    return by_sort[0] if by_sort else True


def _bind_where(where: Condition | None, bindings: Bindings) -> Condition | None:
    return None if where is None else _binding(lambda: bindings.bind_condition(where))


def _binding(step: Callable[[], T]) -> T:
    try:
        return step()
    except ExpressionError as error:
        # PartiQL has the words of expressions, but for one.
        message = str(error).replace("function; operator:", "function; operator or function:")
        raise ValidationException(message) from error


def _must_exist(table: Table, rest: Condition | None) -> Condition | None:
    exists = Function("attribute_exists", (Path((table.key.partition.name,)),))
    return join([exists] if rest is None else [exists, rest])


def _shown(item: Item, paths: tuple[Path, ...] | None) -> Item:
    """A projection of PartiQL: a nested value goes by its last name, a list element by its place in the list."""
    if paths is None:
        return item
    shown: Item = {}
    for at, path in enumerate(paths, 1):
        value = find_value(item, path.parts)
        if value is not None:
            last = path.parts[-1]
            shown[last if isinstance(last, str) else f"_{at}"] = value
    return shown
