"""The values of DynamoDB's own condition keys, worked out when a policy asks for one of them.

Promises: every part of a request counts: each item of a batch, each action of a transaction, each PartiQL statement.
What cannot be parsed contributes nothing; such a request is refused by its operation.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.expressions.conditions import paths_of
from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    And,
    Arithmetic,
    Comparison,
    Condition,
    Function,
    In,
    Literal,
    Operand,
    Path,
    RemoveAction,
    Template,
    ValueRef,
)
from onebox.services.dynamodb.expressions.parsing.conditions import parse_condition
from onebox.services.dynamodb.expressions.parsing.projections import parse_projection
from onebox.services.dynamodb.expressions.parsing.updates import parse_update
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.partiql.nodes import Exists, Insert, Select, Statement, UpdateStatement
from onebox.services.dynamodb.table_cache import TableCache, table_key
from onebox.services.dynamodb.values.numbers import canonical_number
from onebox.services.registry import ConditionKeys

CONDITION_KEYS = (
    "aws:RequestTag/…",
    "aws:ResourceTag/…",
    "aws:TagKeys",
    "dynamodb:Attributes",
    "dynamodb:EnclosingOperation",
    "dynamodb:FullTableScan",
    "dynamodb:LeadingKeys",
    "dynamodb:ReturnConsumedCapacity",
    "dynamodb:ReturnValues",
    "dynamodb:Select",
)
_NAME_MAPS = ("Key", "Item", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")
_CONDITIONS = ("ConditionExpression", "FilterExpression", "KeyConditionExpression")
_KEY_KINDS = ("S", "N", "B")
_OPTIONS = ("ReturnConsumedCapacity", "ReturnValues", "Select")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a request: the request itself, one table of a batch, one action, or one statement."""

    wire: Wire
    enclosing: str | None = None
    """The transaction around it."""
    statement: Statement | None = None


def find_condition_keys(
    tables: TableCache,
    context: RequestContext,
    request: Wire,
    *,
    table_name: str | None,
    index_name: str | None,
    parts: list[Part],
) -> ConditionKeys:
    """The condition keys of the parts of a request that need one right on one table or index."""
    table = _find_table(tables, context, table_name)
    keys: dict[str, str | list[str]] = dict(_option_keys(request, parts))
    partition = _partition_name(table, index_name)
    leading = [key for part in parts for key in _leading_keys(part, partition)] if partition is not None else []
    attributes = dict.fromkeys(name for part in parts for name in _attributes(part))
    if leading:
        keys["dynamodb:LeadingKeys"] = list(dict.fromkeys(leading))
    if attributes:
        keys["dynamodb:Attributes"] = list(attributes)
    scans = [_is_full_scan(part, partition) for part in parts if part.statement is not None]
    if scans:
        keys["dynamodb:FullTableScan"] = "true" if any(scans) else "false"
    if table is not None:
        for name, value in table.settings["Tags"].items():
            keys[f"aws:ResourceTag/{name}"] = value
    keys.update(_tag_keys(request))
    return keys


def _find_table(tables: TableCache, context: RequestContext, name: str | None) -> Table | None:
    try:
        return None if name is None else tables.find(table_key(context, name))
    except AwsError:
        return None


def _partition_name(table: Table | None, index_name: str | None) -> str | None:
    if table is None or index_name is None:
        return None if table is None else table.key.partition.name
    index = table.find_index(index_name)
    return None if index is None else index.key.partition.name


def _option_keys(request: Wire, parts: list[Part]) -> Iterator[tuple[str, str]]:
    for member in _OPTIONS:
        value = next((part.wire[member] for part in parts if member in part.wire), request.get(member))
        if isinstance(value, str):
            yield f"dynamodb:{member}", value
    if parts[0].enclosing is not None:
        yield "dynamodb:EnclosingOperation", parts[0].enclosing


def _tag_keys(request: Wire) -> dict[str, str | list[str]]:
    keys: dict[str, str | list[str]] = {}
    tags = request.get("Tags")
    if tags:
        keys["aws:TagKeys"] = [tag["Key"] for tag in tags if "Key" in tag]
        keys.update({f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in tags if "Key" in tag})
    elif "TagKeys" in request:
        keys["aws:TagKeys"] = list(request["TagKeys"])
    return keys


# The values of partition keys.


def _leading_keys(part: Part, partition: str) -> Iterator[str]:
    if part.statement is not None:
        yield from _statement_leading_keys(part, partition)
        return
    wire = part.wire
    for holder in _key_holders(wire):
        value = holder.get(partition)
        if value is not None:
            yield _key_text(value)
    conditions = wire.get("KeyConditions", {})
    if partition in conditions:
        for value in conditions[partition].get("AttributeValueList", ()):
            yield _key_text(value)
    text = wire.get("KeyConditionExpression")
    if text is not None:
        names, values = wire.get("ExpressionAttributeNames", {}), wire.get("ExpressionAttributeValues", {})
        for condition in _parsed(parse_condition, text):
            for operand in _equal_to(condition, partition, names):
                if isinstance(operand, ValueRef) and operand.name in values:
                    yield _key_text(values[operand.name])


def _key_holders(wire: Wire) -> Iterator[Wire]:
    for member in ("Key", "Item"):
        if member in wire:
            yield wire[member]
    yield from wire.get("Keys", ())
    for write in wire.get("Writes", ()):
        for content in write.values():
            yield content.get("Item", content.get("Key", {}))


def _statement_leading_keys(part: Part, partition: str) -> Iterator[str]:
    parameters = {f"?{at}": value for at, value in enumerate(part.wire.get("Parameters", ()))}
    for operand in _statement_operands(part.statement, partition):
        if isinstance(operand, Literal):
            yield _key_text(operand.value)
        elif isinstance(operand, ValueRef) and operand.name in parameters:
            yield _key_text(parameters[operand.name])


def _statement_operands(statement: Statement | None, partition: str) -> Iterator[Operand]:
    if isinstance(statement, Insert):
        yield from (member for name, member in statement.item.members if name == partition)
        return
    where = _where(statement)
    if where is not None:
        yield from _equal_to(where, partition, {})


def _where(statement: Statement | None) -> Condition | None:
    if isinstance(statement, Exists):
        statement = statement.select
    return None if statement is None or isinstance(statement, Insert) else statement.where


def _equal_to(condition: Condition, name: str, names: dict[str, str]) -> Iterator[Operand]:
    """The operands that a condition demands an attribute to be equal to."""
    if isinstance(condition, And):
        for part in condition.parts:
            yield from _equal_to(part, name, names)
    elif isinstance(condition, Comparison) and condition.operator == "=":
        for one, other in ((condition.left, condition.right), (condition.right, condition.left)):
            if _is_attribute(one, name, names):
                yield other
    elif isinstance(condition, In) and _is_attribute(condition.operand, name, names):
        yield from condition.choices


def _is_attribute(operand: Operand, name: str, names: dict[str, str]) -> bool:
    return isinstance(operand, Path) and len(operand.parts) == 1 and _head(operand, names) == name


def _key_text(value: Any) -> str:
    """A key's value as policies compare it: the text of S, N (in its one canonical form) or B (base64). No other member
    counts: the operation ignores members that the model does not have, and refuses a value of several kinds."""
    if not isinstance(value, dict):
        return str(value)
    number = value.get("N")
    if not isinstance(number, str):
        return str(next((value[kind] for kind in _KEY_KINDS if value.get(kind) is not None), ""))
    try:
        return canonical_number(number)
    except AwsError:
        return number


def _is_full_scan(part: Part, partition: str | None) -> bool:
    """Whether a statement reads a whole table: a SELECT whose WHERE fixes no partition."""
    if not isinstance(part.statement, Select):
        return False
    return partition is None or not any(True for _ in _statement_operands(part.statement, partition))


# The names of attributes.


def _attributes(part: Part) -> Iterator[str]:
    if part.statement is not None:
        yield from _statement_attributes(part.statement)
        return
    wire = part.wire
    for member in _NAME_MAPS:
        yield from wire.get(member, ())
    yield from wire.get("AttributesToGet", ())
    for holder in _key_holders(wire):
        yield from holder
    names = wire.get("ExpressionAttributeNames", {})
    for path in _expression_paths(wire):
        yield _head(path, names)


def _expression_paths(wire: Wire) -> Iterator[Path]:
    for member in _CONDITIONS:
        if member in wire:
            for condition in _parsed(parse_condition, wire[member]):
                yield from paths_of(condition)
    if "ProjectionExpression" in wire:
        for paths in _parsed(parse_projection, wire["ProjectionExpression"]):
            yield from paths
    if "UpdateExpression" in wire:
        for actions in _parsed(parse_update, wire["UpdateExpression"]):
            yield from _action_paths(actions)


def _action_paths(actions: Iterable[Action]) -> Iterator[Path]:
    for action in actions:
        yield action.path
        if not isinstance(action, RemoveAction):
            yield from _operand_paths(action.value)


def _operand_paths(operand: Operand) -> Iterator[Path]:
    if isinstance(operand, Path):
        yield operand
    elif isinstance(operand, Arithmetic):
        yield from _operand_paths(operand.left)
        yield from _operand_paths(operand.right)
    elif isinstance(operand, Function):
        for argument in operand.arguments:
            yield from _operand_paths(argument)
    elif isinstance(operand, Template):
        for _, member in operand.members:
            yield from _operand_paths(member)


def _statement_attributes(statement: Statement) -> Iterator[str]:
    if isinstance(statement, Insert):
        yield from (str(name) for name, _ in statement.item.members)
        return
    select = statement.select if isinstance(statement, Exists) else statement
    paths: list[Path] = list(select.paths or ()) if isinstance(select, Select) else []
    if isinstance(statement, UpdateStatement):
        paths += _action_paths(statement.actions)
    where = _where(statement)
    if where is not None:
        paths += paths_of(where)
    yield from (str(path.parts[0]) for path in paths)


def _head(path: Path, names: dict[str, str]) -> str:
    head = str(path.parts[0])
    return names.get(head, head)


def _parsed(parse: Callable[[str], Any], text: str) -> Iterator[Any]:
    """The parsed text, or nothing."""
    try:
        yield parse(text)
    except ExpressionError:
        return
