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
    composite_partition,
    encode_component,
    encode_partition,
    encode_prefix,
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
    if key.is_composite:
        return _make_composite_range(found, key, start)
    if len(found) > 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")
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


def _make_composite_range(found: dict[str, SortCondition], key: KeySchema, start: Item | None) -> KeyRange:
    """The range in an index whose keys have several attributes: equality on every HASH attribute, then RANGE
    attributes from the left, all but the last of them by equality.

    AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
    """
    for attribute in key.attributes:
        if start is not None:
            check_start_attribute(start, attribute)
        _check_composite_values(found, attribute)
    for attribute in key.hash_attributes:
        if attribute.name not in found or found[attribute.name].operator != "=":
            raise ValidationException(
                f"Query key condition not supported: HASH key attributes need equality conditions: {attribute.name}"
            )
    unknown = [name for name in found if name not in key.names]
    if unknown:
        raise ValidationException(f"Query condition missed key schema element: {unknown[0]} is no key of the index")
    partition_key = composite_partition([found[attribute.name].values[0] for attribute in key.hash_attributes])
    conditions = _leading_conditions(found, key.range_attributes)
    if not conditions:
        return KeyRange(partition_key)
    prefix = b"".join(encode_component(condition.values[0]) for condition in conditions[:-1])
    lower, upper = _composite_bounds(prefix, conditions[-1])
    return KeyRange(partition_key, lower, upper)


def _check_composite_values(found: dict[str, SortCondition], attribute: KeyAttribute) -> None:
    condition = found.get(attribute.name)
    if condition is None:
        return
    if condition.operator in NOT_INDEXABLE:
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    for value in condition.values:
        if attribute.kind not in value:
            raise invalid_values("Condition parameter type does not match schema type")
        check_not_empty(attribute, value[attribute.kind])


def _leading_conditions(found: dict[str, SortCondition], attributes: tuple[KeyAttribute, ...]) -> list[SortCondition]:
    """The conditions on RANGE attributes, from the left and without a gap."""
    conditions: list[SortCondition] = []
    for attribute in attributes:
        condition = found.get(attribute.name)
        if condition is None:
            break
        if conditions and conditions[-1].operator != "=":
            raise ValidationException(
                "Query key condition not supported: RANGE key attributes before the last one need equality conditions"
            )
        conditions.append(condition)
    if sum(attribute.name in found for attribute in attributes) > len(conditions):
        raise ValidationException(
            "Query key condition not supported: RANGE key attributes need conditions from the left without a gap, "
            "equality on all but the last"
        )
    return conditions


def _composite_bounds(prefix: bytes, condition: SortCondition) -> tuple[SortBound | None, SortBound | None]:
    """The bounds of the sort keys that begin with a prefix and whose next component meets a condition."""
    first = prefix + encode_component(condition.values[0])
    operator = condition.operator
    if operator == "begins_with":
        stem = prefix + encode_prefix(condition.values[0])
        return SortBound(stem, True), _before(_after_prefix(stem))
    lower: SortBound | None = SortBound(prefix, True)
    upper = _before(_after_prefix(prefix))
    if operator in ("=", ">=", "BETWEEN"):
        lower = SortBound(first, True)
    elif operator == ">":
        after = _after_prefix(first)
        assert after is not None, "a component ends with 0x01"
        lower = SortBound(after, True)
    if operator in ("=", "<="):
        upper = _before(_after_prefix(first))
    elif operator == "<":
        upper = SortBound(first, False)
    elif operator == "BETWEEN":
        upper = _before(_after_prefix(prefix + encode_component(condition.values[1])))
    return lower, upper


def _before(bound: bytes | None) -> SortBound | None:
    return None if bound is None else SortBound(bound, False)


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
