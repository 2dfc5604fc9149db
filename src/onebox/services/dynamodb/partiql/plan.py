"""From a statement's WHERE clause to the key it means.

Promises: pure. A top-level AND is taken apart; equalities on key attributes name the item or the partition, the
rest stays a condition.
"""

from __future__ import annotations

from dataclasses import dataclass

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import key_mismatch
from onebox.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Literal,
    Path,
)
from onebox.services.dynamodb.ranges import KeyRange, SortCondition, make_key_range
from onebox.services.dynamodb.values.attributes import AttributeValue, Item
from onebox.services.dynamodb.values.keys import KeySchema

NO_WHOLE_KEY = "Where clause does not contain a mandatory equality on all key attributes"


@dataclass(frozen=True, slots=True)
class KeyedWhere:
    """One item, and what else must be true of it."""

    key: Item
    rest: Condition | None


@dataclass(frozen=True, slots=True)
class RangeWhere:
    """Partitions to query one after the other (None: scan everything), and the filter for what they hold."""

    ranges: tuple[KeyRange, ...] | None
    filter: Condition | None


def find_keyed(where: Condition | None, schema: KeySchema) -> KeyedWhere | None:
    """The one item that the clause is about; None if it does not fix the whole key."""
    key: Item = {}
    rest: list[Condition] = []
    for part in _parts(where):
        pair = _equality(part)
        if pair is not None and pair[0] in schema.names and pair[0] not in key:
            key[pair[0]] = pair[1]
        else:
            rest.append(part)
    if len(key) != len(schema.names):
        return None
    for attribute in schema.attributes:
        if attribute.kind not in key[attribute.name]:
            raise key_mismatch()
    return KeyedWhere({name: key[name] for name in schema.names}, join(rest))


def load_keyed(where: Condition | None, schema: KeySchema) -> KeyedWhere:
    """As :func:`find_keyed`. Raises ValidationException if the clause does not fix the whole key."""
    keyed = find_keyed(where, schema)
    if keyed is None:
        raise ValidationException(NO_WHOLE_KEY)
    return keyed


def plan_ranges(where: Condition | None, schema: KeySchema) -> RangeWhere:
    """What to read for a SELECT. An index with keys of several attributes is scanned, with the clause as a filter."""
    if schema.is_composite:
        return RangeWhere(None, where)
    partitions: list[AttributeValue] | None = None
    sort: SortCondition | None = None
    rest: list[Condition] = []
    for part in _parts(where):
        values = _partition_values(part, schema)
        sort_condition = _sort_condition(part, schema)
        if values is not None and partitions is None:
            partitions = values
        elif sort_condition is not None and sort is None:
            sort = sort_condition
        else:
            rest.append(part)
    if partitions is None:
        return RangeWhere(None, where)
    found = {} if sort is None or schema.sort is None else {schema.sort.name: sort}
    ranges = []
    for value in partitions:
        condition = SortCondition("=", (value,))
        ranges.append(make_key_range({schema.partition.name: condition, **found}, schema))
    return RangeWhere(tuple(dict.fromkeys(ranges)), join(rest))


def join(parts: list[Condition]) -> Condition | None:
    """The conjunction; None of none."""
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _parts(where: Condition | None) -> list[Condition]:
    if where is None:
        return []
    if isinstance(where, And):
        return [inner for part in where.parts for inner in _parts(part)]
    return [where]


def _equality(part: Condition) -> tuple[str, AttributeValue] | None:
    if not isinstance(part, Comparison) or part.operator != "=":
        return None
    left, right = part.left, part.right
    if isinstance(left, Literal):
        left, right = right, left
    if isinstance(left, Path) and len(left.parts) == 1 and isinstance(right, Literal):
        return str(left.parts[0]), right.value
    return None


def _partition_values(part: Condition, schema: KeySchema) -> list[AttributeValue] | None:
    pair = _equality(part)
    if pair is not None and pair[0] == schema.partition.name:
        return [pair[1]]
    if isinstance(part, In) and part.operand == Path((schema.partition.name,)):
        values = [choice.value for choice in part.choices if isinstance(choice, Literal)]
        return values if len(values) == len(part.choices) else None
    return None


def _sort_condition(part: Condition, schema: KeySchema) -> SortCondition | None:
    """A condition that narrows the range of sort keys; of another kind than the key, it is left to the filter."""
    if schema.sort is None:
        return None
    path = Path((schema.sort.name,))
    condition: SortCondition | None = None
    if isinstance(part, Comparison) and part.operator != "<>" and part.left == path:
        if isinstance(part.right, Literal):
            condition = SortCondition(part.operator, (part.right.value,))
    elif isinstance(part, Between) and part.operand == path:
        if isinstance(part.lower, Literal) and isinstance(part.upper, Literal):
            condition = SortCondition("BETWEEN", (part.lower.value, part.upper.value))
    elif isinstance(part, Function) and part.name == "begins_with" and part.arguments[0] == path:
        prefix = part.arguments[1]
        if isinstance(prefix, Literal):
            condition = SortCondition("begins_with", (prefix.value,))
    if condition is None or any(not value.get(schema.sort.kind) for value in condition.values):
        return None
    return condition
