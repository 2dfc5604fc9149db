"""Attribute values as they are on the wire: checking, normalising, measuring, comparing.

Promises: after :func:`serialize_item` every value in the item is one that DynamoDB accepts, its numbers are canonical
and the size is the one DynamoDB counts against its limits.
Knows nothing of tables and keys. This is the hottest code of the service: a stored order passes it value by value,
so the two commonest kinds are handled in line.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html (sizes)
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import orjson

from onebox.errors import SerializationException, ValidationException
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.limits import ATTRIBUTE_NAME_BYTES_MAX, CONTAINER_BYTES, ITEM_BYTES_MAX, NESTING_MAX
from onebox.services.dynamodb.values.checked import CheckedItem, CheckedValue
from onebox.services.dynamodb.values.numbers import CANONICAL_SIZES, encode_number, measure_in_place, measure_numbers
from onebox.services.dynamodb.values.rows import ROWS_MAX, ROWS_MIN, measure_rows
from onebox.services.json_types import decode_base64, read_boolean

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

KINDS = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
_CHECK_ORDER = ("N", "NULL", "BOOL", "S", "B", "SS", "NS", "BS", "M", "L")
"""In which order AWS looks at the members of a value that has several."""
ORDERED_KINDS = frozenset(("S", "N", "B"))
SET_KINDS = frozenset(("SS", "NS", "BS"))

ITEM_TOO_LARGE = "Item size has exceeded the maximum allowed size"
_FEW_QUOTES = 30_000
"""The JSON of 5,000 numbers in a map has so many quotes; to look at their values takes some 10 ms."""
_SLICE = 8192
_LOOKED_AT_WITH_EQUAL = 20_000
"""How many numbers of a set are looked at if some of them are equal."""


class _Oversize(Exception):
    """What was measured so far is larger than an item may be."""


def serialize_item(item: Item, too_large: str = ITEM_TOO_LARGE) -> tuple[bytes, int]:
    """Check every value, make numbers canonical in place; the item's JSON and its size in bytes.

    Raises ValidationException or SerializationException; of an item of many values, with the words ``too_large`` where
    what was measured so far is larger than an item may be, without a look at the rest. Other items that are too large
    are left to the caller: AWS tells first of a wrong value, and of some wrong parameters.
    """
    if type(item) is CheckedItem:
        if item.fault is not None:
            raise item.fault
        return item.data, item.size_bytes
    try:
        characters = _measure_members(item, 1, ITEM_BYTES_MAX)
    except _Oversize:
        if not _has_few_values(item):
            raise ValidationException(too_large) from None
        characters = _measure_members(item, 1, sys.maxsize)
    if "" in item or characters > ATTRIBUTE_NAME_BYTES_MAX:
        for name in item:
            check_attribute_name(name)
    try:
        data = orjson.dumps(item)
    except orjson.JSONEncodeError as error:
        raise SerializationException("Invalid UTF-8 in a string") from error
    if not data.isascii():
        # The walk counted characters. Only names and strings, all of them counted, hold others than ASCII.
        characters += len(data) - len(data.decode())
    return data, characters


def _has_few_values(item: Item) -> bool:
    try:
        return orjson.dumps(item).count(b'"') <= _FEW_QUOTES
    except orjson.JSONEncodeError:
        return False


def measure_item(item: Item) -> int:
    """As :func:`serialize_item`, the size alone."""
    return serialize_item(item)[1]


def check_value(value: AttributeValue) -> None:
    """Check one value and make its numbers canonical in place, whatever its size. Raises as :func:`serialize_item`."""
    if type(value) is CheckedValue:
        if value.fault is not None:
            raise value.fault
        return
    _measure_members({"": value}, 0, sys.maxsize)


def check_attribute_name(name: str) -> None:
    """Refuse a name that no attribute can have."""
    if not name:
        raise invalid_values("Empty attribute name")
    if len(name) > ATTRIBUTE_NAME_BYTES_MAX // 4 and len(name.encode("utf-8", "replace")) > ATTRIBUTE_NAME_BYTES_MAX:
        raise invalid_values(f"Attribute name is too large, must be less than {ATTRIBUTE_NAME_BYTES_MAX + 1} bytes")


def kind_of(value: AttributeValue) -> str:
    """The kind of a checked value (``S``, ``N``, …)."""
    for kind in value:
        return kind
    raise AssertionError("a checked value has a kind")


def _measure_members(members: dict[str, Any], depth: int, most: int) -> int:
    """The size of a map's members, strings counted in characters. Raises _Oversize soon after more than ``most``."""
    size = 0
    value: Any = None
    try:
        for name, value in members.items():
            size += len(name)
            if len(value) != 1:
                _strip_unknown_kinds(value)
            if "S" in value:
                content = value["S"]
                if type(content) is not str:
                    raise TypeError
                size += len(content)
            elif "N" in value:
                size += CANONICAL_SIZES.get(value["N"]) or measure_in_place(value)
            elif "M" in value:
                content = value["M"]
                size += CONTAINER_BYTES + len(content) + _measure_nested(content, depth, most)
            elif "L" in value:
                content = value["L"]
                size += CONTAINER_BYTES + len(content) + _measure_elements(content, depth, most)
            else:
                size += _measure_rarer(value, most)
            if size > most:
                raise _Oversize
    except (ValueError, AttributeError, TypeError):
        _refuse_shape(value)
    return size


def _measure_nested(content: dict[str, Any], depth: int, most: int) -> int:
    if type(content) is not dict:
        raise TypeError
    if depth >= NESTING_MAX:
        raise _too_deep()
    return _measure_members(content, depth + 1, most)


def _measure_elements(content: list[Any], depth: int, most: int) -> int:
    if type(content) is not list:
        raise TypeError
    if depth >= NESTING_MAX:
        raise _too_deep()
    if len(content) > most:
        raise _Oversize
    if len(content) < ROWS_MIN:
        return _measure_each(content, depth, most)
    may_hold_maps = depth + 1 < NESTING_MAX
    size = 0
    for first in range(0, len(content), ROWS_MAX):
        rows = content[first : first + ROWS_MAX]
        rows_size = measure_rows(rows, may_hold_maps=may_hold_maps)
        size += _measure_each(rows, depth, most) if rows_size is None else rows_size
        if size > most:
            raise _Oversize
    return size


def _measure_each(elements: list[Any], depth: int, most: int) -> int:
    """The size of a list's elements, one after the other."""
    size = 0
    for value in elements:
        # Elements are mostly maps or numbers; one above the limit of nesting is left to the general case.
        if type(value) is not dict or len(value) != 1:
            size += _measure_members({"": value}, depth + 1, most)
        elif "M" in value and depth + 1 < NESTING_MAX:
            members = value["M"]
            if type(members) is not dict:
                raise TypeError
            size += CONTAINER_BYTES + len(members) + _measure_members(members, depth + 2, most)
            if size > most:
                raise _Oversize
        elif "N" in value and type(value["N"]) is str:
            known = CANONICAL_SIZES.get(value["N"])
            size += measure_in_place(value) if known is None else known
        else:
            size += _measure_members({"": value}, depth + 1, most)
            if size > most:
                raise _Oversize
    return size


def _too_deep() -> ValidationException:
    return ValidationException(
        "Nesting Levels have exceeded supported limits: Attributes with nested levels deeper than "
        f"{NESTING_MAX} are not supported"
    )


def _measure_rarer(value: AttributeValue, most: int) -> int:
    ((kind, content),) = value.items()
    if type(content) is list and len(content) > most:  # a set: one of its members at most is empty
        raise _Oversize
    if kind == "BOOL":
        value["BOOL"] = _as_boolean(content)
        return 1
    if kind == "NULL":
        if not _as_boolean(content):
            raise invalid_values("Null attribute value types must have the value of true")
        value["NULL"] = True
        return 1
    if kind == "B":
        return len(decode_binary(content))
    if kind == "SS":
        return _measure_string_set(content)
    if kind == "NS":
        return _measure_number_set(content, value, most)
    if kind == "BS":
        return _measure_binary_set(content)
    raise ValueError


def _as_boolean(content: Any) -> bool:
    """A boolean, or the string that AWS takes for one."""
    boolean = content if type(content) is bool else read_boolean(content)
    if boolean is None:
        raise TypeError
    return boolean


def _measure_string_set(content: list[str]) -> int:
    _check_list(content)
    if not content:
        raise invalid_values("An string set  may not be empty")
    size = 0
    for text in content:
        size += len(text)
    if _has_equal(content):
        raise invalid_values(f"Input collection [{', '.join(content)}] contains duplicates.")
    return size


def _measure_number_set(content: list[str], value: AttributeValue, most: int) -> int:
    _check_list(content)
    if not content:
        raise invalid_values("An number set  may not be empty")
    texts: list[str] = []
    size = 0
    has_equal = False
    for first in range(0, len(content), ROWS_MAX):
        some, some_size = measure_numbers(content[first : first + ROWS_MAX])
        texts += some
        size += some_size
        has_equal = has_equal or len(set(some)) != len(some)
        # A wrong number is reported before equal ones, unless it is far behind them.
        if size > most or (has_equal and len(texts) >= _LOOKED_AT_WITH_EQUAL):
            break
    if has_equal or _has_equal(texts):
        raise ValidationException("Input collection contains duplicates")
    if size > most:
        raise _Oversize
    value["NS"] = texts
    return size


def _measure_binary_set(content: list[str]) -> int:
    _check_list(content)
    if not content:
        raise invalid_values("Binary sets should not be empty")
    decoded = [decode_binary(text) for text in content]
    if _has_equal(decoded):
        raise invalid_values(f"Input collection [{', '.join(content)}]of type BS contains duplicates.")
    return sum(map(len, decoded))


def _has_equal(members: list[Any]) -> bool:
    """Whether some are equal. In slices, between which the interpreter may turn to other threads."""
    known: set[Any] = set()
    for first in range(0, len(members), _SLICE):
        known.update(members[first : first + _SLICE])
    return len(known) != len(members)


def _check_list(content: Any) -> None:
    if type(content) is not list:
        raise TypeError


def decode_binary(text: str) -> bytes:
    """The bytes of a ``B`` value. Raises SerializationException if it is not base64."""
    if type(text) is not str:
        raise TypeError
    try:
        return decode_base64(text)
    except ValueError as error:
        raise SerializationException(str(error)) from None


def _strip_unknown_kinds(value: Any) -> None:
    """Drop nulls and members that the model does not have, which AWS ignores; exactly one kind must remain."""
    if type(value) is not dict:
        raise TypeError
    kinds = [kind for kind in value if kind in KINDS and value[kind] is not None]
    if not kinds:
        raise ValidationException(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    if len(kinds) > 1:
        for kind in sorted(kinds, key=_CHECK_ORDER.index):
            check_value({kind: value[kind]})
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    for kind in [kind for kind in value if kind != kinds[0]]:
        del value[kind]


def _refuse_shape(value: Any) -> NoReturn:
    """Say what is wrong with the value over which the walk stumbled."""
    if type(value) is not dict:
        raise SerializationException(_wrong_type(value, "AttributeValue"))
    _strip_unknown_kinds(value)
    ((kind, content),) = value.items()
    if kind in SET_KINDS and type(content) is list:
        content = next((member for member in content if type(member) is not str), content)
        raise SerializationException(_wrong_type(content, "String"))
    raise SerializationException(_wrong_type(content, _WANTED.get(kind, "String")))


_WANTED = {"BOOL": "Boolean", "NULL": "Boolean", "M": "Map", "L": "List", "SS": "List", "NS": "List", "BS": "List"}


def _wrong_type(content: Any, wanted: str) -> str:
    if type(content) is bool:
        return f"{'TRUE' if content else 'FALSE'}_VALUE cannot be converted to {wanted}"
    if type(content) in (int, float):
        return f"{'NUMBER' if type(content) is int else 'DECIMAL'}_VALUE cannot be converted to {wanted}"
    if type(content) is str:
        return f"STRING_VALUE cannot be converted to {wanted}"
    if type(content) is list:
        return "Start of list found where not expected"
    return "Start of structure or map found where not expected"


def values_equal(left: AttributeValue, right: AttributeValue) -> bool:
    """Whether two checked values are the same to DynamoDB: sets without order, everything else exactly."""
    if left == right:
        return True
    ((kind, content),) = left.items()
    if kind not in right:
        return False
    other = right[kind]
    if kind in SET_KINDS:
        return len(content) == len(other) and set(content) == set(other)
    if kind == "L":
        return len(content) == len(other) and all(map(values_equal, content, other))
    if kind == "M":
        return content.keys() == other.keys() and all(values_equal(content[name], other[name]) for name in content)
    return False


def order_key(value: AttributeValue) -> tuple[str, bytes] | None:
    """What to compare values of one kind by; None for kinds without an order."""
    ((kind, content),) = value.items()
    if kind == "S":
        return kind, content.encode()
    if kind == "N":
        return kind, encode_number(content)
    if kind == "B":
        return kind, decode_binary(content)
    return None
