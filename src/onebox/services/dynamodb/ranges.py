"""Ranges of keys: from conditions on key attributes to the bytes between which their rows lie.

Promises: pure; a range is exact, no row inside it fails the key condition.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import invalid_values, key_mismatch
from onebox.services.dynamodb.values.attributes import AttributeValue, Item
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


NOT_INDEXABLE = frozenset(("NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN"))
"""Operators of KeyConditions that no key can be asked by."""


@dataclass(frozen=True, slots=True)
class SortCondition:
    """``operator`` is a comparison, BETWEEN, begins_with, or one of :data:`NOT_INDEXABLE`."""

    operator: str
    values: tuple[AttributeValue, ...]


def make_key_range(found: dict[str, SortCondition], key: KeySchema, start: Item | None = None) -> KeyRange:
    """The range for conditions by attribute name. ``start`` is an ExclusiveStartKey, whose attributes are looked at
    together with the conditions, in the order of the schema. Raises ValidationException."""
    for attribute in key.attributes:
        if start is not None:
            check_start_attribute(start, attribute)
        _check_condition(found, key, attribute)
    partition_key = encode_partition(found[key.partition.name].values[0])
    if key.sort is None or key.sort.name not in found:
        return KeyRange(partition_key)
    lower, upper = sort_bounds(found[key.sort.name])
    return KeyRange(partition_key, lower, upper)


def check_start_attribute(start: Item, attribute: KeyAttribute) -> None:
    """Refuse an ExclusiveStartKey without, or with another kind of, a key attribute."""
    value = start.get(attribute.name)
    if value is None:
        raise ValidationException("The provided starting key is invalid")
    if attribute.kind not in value:
        raise key_mismatch()


def _check_condition(found: dict[str, SortCondition], key: KeySchema, attribute: KeyAttribute) -> None:
    is_partition = attribute is key.partition
    if key.sort is None and len(found) > 1:
        raise ValidationException("Query key condition not supported")
    condition = found.get(attribute.name)
    if condition is None:
        if is_partition or len(found) > 1:
            raise ValidationException(f"Query condition missed key schema element: {attribute.name}")
        return
    if condition.operator in NOT_INDEXABLE:
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    if any(attribute.kind not in value for value in condition.values):
        raise invalid_values("Condition parameter type does not match schema type")
    if is_partition and condition.operator != "=":
        raise ValidationException("Query key condition not supported")
    for value in condition.values:
        check_not_empty(attribute, value[attribute.kind])


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
