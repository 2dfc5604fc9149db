"""Ranges of keys: from a key condition to the bytes between which its rows lie.

Promises: pure; a range is exact, no row inside it fails the key condition.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
)
from onebox.services.dynamodb.values.attributes import AttributeValue
from onebox.services.dynamodb.values.keys import (
    KeyAttribute,
    KeySchema,
    check_not_empty,
    encode_partition,
    encode_scalar,
)


class SortBound(NamedTuple):
    """One end of a range of sort keys."""

    value: bytes
    inclusive: bool


@dataclass(frozen=True, slots=True)
class KeyRange:
    """One partition, and the sort keys between two bounds (None: open)."""

    partition_key: bytes
    lower: SortBound | None = None
    upper: SortBound | None = None

    def contains_sort_key(self, sort_key: bytes) -> bool:
        """Whether a sort key lies between the bounds."""
        lower, upper = self.lower, self.upper
        if lower is not None and (sort_key < lower.value or (sort_key == lower.value and not lower.inclusive)):
            return False
        return upper is None or sort_key < upper.value or (sort_key == upper.value and upper.inclusive)


@dataclass(frozen=True, slots=True)
class SortCondition:
    """``operator`` is a comparison, BETWEEN or begins_with."""

    operator: str
    values: tuple[AttributeValue, ...]


def parse_key_range(condition: Condition, key: KeySchema) -> KeyRange:
    """The range that a KeyConditionExpression asks for. Raises ValidationException."""
    found: dict[str, SortCondition] = {}
    parts = condition.parts if isinstance(condition, And) else (condition,)
    for part in _flatten(parts):
        name, sort_condition = _key_part(part)
        if name in found:
            raise ValidationException("KeyConditionExpressions must only contain one condition per key")
        found[name] = sort_condition
    if len(found) > 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")
    return make_key_range(found, key)


def make_key_range(found: dict[str, SortCondition], key: KeySchema) -> KeyRange:
    """The range for conditions by attribute name; exactly those of the key must be there."""
    partition = found.get(key.partition.name)
    if partition is None:
        raise ValidationException(f"Query condition missed key schema element: {key.partition.name}")
    if partition.operator != "=":
        raise ValidationException("Query key condition not supported")
    if len(found) > 1 and (key.sort is None or key.sort.name not in found):
        if key.sort is None:
            raise ValidationException("Query key condition not supported")
        raise ValidationException(f"Query condition missed key schema element: {key.sort.name}")
    _check_values(partition, key.partition)
    partition_key = encode_partition(partition.values[0])
    if key.sort is None or key.sort.name not in found:
        return KeyRange(partition_key)
    sort = found[key.sort.name]
    _check_values(sort, key.sort)
    lower, upper = sort_bounds(sort)
    return KeyRange(partition_key, lower, upper)


def sort_bounds(condition: SortCondition) -> tuple[SortBound | None, SortBound | None]:
    """The bounds that a checked condition puts on a sort key."""
    first = encode_scalar(condition.values[0])
    operator = condition.operator
    if operator == "=":
        return SortBound(first, True), SortBound(first, True)
    if operator in ("<", "<="):
        return None, SortBound(first, operator == "<=")
    if operator in (">", ">="):
        return SortBound(first, operator == ">="), None
    if operator == "BETWEEN":
        return SortBound(first, True), SortBound(encode_scalar(condition.values[1]), True)
    assert operator == "begins_with", operator
    after = _after_prefix(first)
    return SortBound(first, True), None if after is None else SortBound(after, False)


def _after_prefix(prefix: bytes) -> bytes | None:
    """The first bytes that come after everything with this prefix; None if nothing does."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


def _flatten(parts: tuple[Condition, ...]) -> list[Condition]:
    flat: list[Condition] = []
    for part in parts:
        flat.extend(_flatten(part.parts) if isinstance(part, And) else [part])
    return flat


def _key_part(part: Condition) -> tuple[str, SortCondition]:
    if isinstance(part, Comparison):
        if part.operator == "<>":
            raise _operator_error("<>")
        path, value, operator = part.left, part.right, part.operator
        if isinstance(path, Literal):
            path, value, operator = value, path, _MIRRORED[operator]
        return _name(path), SortCondition(operator, (_value(value),))
    if isinstance(part, Between):
        return _name(part.operand), SortCondition("BETWEEN", (_value(part.lower), _value(part.upper)))
    if isinstance(part, Function) and part.name == "begins_with":
        path, prefix = part.arguments
        return _name(path), SortCondition("begins_with", (_value(prefix),))
    raise _operator_error(part.name if isinstance(part, Function) else _CONDITION_NAMES[type(part)])


_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


_CONDITION_NAMES: dict[type, str] = {Or: "OR", Not: "NOT", In: "IN"}


def _operator_error(name: str) -> ValidationException:
    return ValidationException(
        f"Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: {name}"
    )


def _name(operand: Operand) -> str:
    if isinstance(operand, Function):
        raise _operator_error(operand.name)
    if not isinstance(operand, Path):
        raise ValidationException(
            "Invalid KeyConditionExpression: KeyConditionExpressions must have a key attribute on one side"
        )
    if len(operand.parts) > 1:
        raise ValidationException("KeyConditionExpressions cannot have conditions on nested attributes")
    return str(operand.parts[0])


def _value(operand: Operand) -> AttributeValue:
    if isinstance(operand, Function):
        raise _operator_error(operand.name)
    if not isinstance(operand, Literal):
        raise ValidationException("Query key condition not supported")
    return operand.value


def _check_values(condition: SortCondition, attribute: KeyAttribute) -> None:
    for value in condition.values:
        content = value.get(attribute.kind)
        if content is None:
            raise invalid_values("Condition parameter type does not match schema type")
        check_not_empty(attribute, content)
