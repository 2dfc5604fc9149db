"""The order contract: the known fields, and the type and limits of each.

Promises: this is the only definition of the contract. The processor and the publisher validate with it, `orders schema`
prints it as JSON Schema, and docs/order-contract.md is generated from it. A violation names the field's path and the
expected value. Unknown fields are not checked.
Independent of queues, tables and time. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from orders.errors import OrderRejected

# Semantic version. A change that breaks producers or consumers (schema_compatibility.py) raises the first number, a
# field more the second; a test compares the contract with the one of the version before.
CONTRACT_VERSION = "1.0.0"

ORDER_ID_BYTES_MAX = 2048
# DynamoDB's size limit for the partition key of an index.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
INDEX_KEY_BYTES_MAX = 2048

# Years, months and days that there are, so that JSON Schema's reader refuses 30 February as we do. Written for
# both dialects that read it: \d is more than 0 to 9 in Python, and its $ lets a last line feed pass.
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_NO_SUCH_DAY = rf"0000|[0-9]{{4}}-(?:02-3|(?:02|04|06|09|11)-31)|(?!{_LEAP_YEAR}-)[0-9]{{4}}-02-29"
_DATE = rf"(?!{_NO_SUCH_DAY})([0-9]{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]|60)(?:[.,]([0-9]{1,9}))?)?"
_OFFSET = r"[Zz]|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?"
MOMENT_PATTERN = rf"^{_DATE}(?:[Tt ]{_TIME}(?:{_OFFSET})?)?(?!\n)$"
MOMENT_EXPECTED = "an ISO 8601 date and time such as 2026-05-03T12:00:00Z"

# This pattern also bounds the number of metrics by currency.
CURRENCY_PATTERN = r"^[A-Z]{3}(?!\n)$"


class Field(NamedTuple):
    """A known field. Null in an optional field means that the field is absent."""

    name: str
    kind: Literal["string", "integer", "number", "array"]
    meaning: str
    required: bool = False
    is_personal: bool = False
    """It tells who the customer is. Values of such fields, and of fields that the contract does not know, are in no log
    line and no entry of the audit log.
    """
    is_index_key: bool = False
    """DynamoDB rejects a null index key, so a null is omitted from the stored item."""
    bytes_max: int | None = None
    """Maximum size in UTF-8; a string with this limit must not be empty."""
    pattern: str | None = None
    pattern_expected: str = ""
    fields: tuple[Field, ...] = ()
    """The fields of each element, for an array of objects."""

    @property
    def expected(self) -> str:
        """The expected value, as text that follows "expected"."""
        if self.pattern_expected:
            return self.pattern_expected
        if self.bytes_max is not None:
            return f"a string of 1 to {self.bytes_max} bytes"
        return _WORDS[self.kind]


_WORDS = {"string": "a string", "integer": "an integer", "number": "a number", "array": "an array of objects"}

LINE_FIELDS = (
    Field("sku", "string", "The article. Several lines may have the same one."),
    Field("itemName", "string", "The article's name."),
    Field("quantity", "integer", "The quantity; negative for returns."),
    Field("unitPrice", "number", "The price of one unit, with any number of decimals."),
)
FIELDS = (
    Field("orderId", "string", "The order's identity.", required=True, bytes_max=ORDER_ID_BYTES_MAX),
    Field("userId", "string", "The customer.", is_personal=True, is_index_key=True, bytes_max=INDEX_KEY_BYTES_MAX),
    Field("status", "string", "The order's state.", is_index_key=True, bytes_max=INDEX_KEY_BYTES_MAX),
    Field(
        "timestamp",
        "string",
        "The time of this notification; the newest wins. UTC unless it has an offset.",
        is_index_key=True,
        pattern=MOMENT_PATTERN,
        pattern_expected=MOMENT_EXPECTED,
    ),
    Field("country", "string", "The country of the order."),
    Field(
        "currency",
        "string",
        "The currency of all amounts.",
        pattern=CURRENCY_PATTERN,
        pattern_expected="an ISO 4217 code such as GBP",
    ),
    Field("itemName", "string", "The article's name, for an order without items."),
    Field("quantity", "integer", "Its quantity; negative for returns."),
    Field("items", "array", "The order lines.", fields=LINE_FIELDS),
    Field("total", "number", "The amount to pay; negative for refunds."),
)
_IMPERSONAL = frozenset(field.name for field in FIELDS if not field.is_personal)
INDEX_KEYS = tuple(field.name for field in FIELDS if field.is_index_key)

# The path of every field; array elements have no index.
KNOWN_PATHS = frozenset(
    path for field in FIELDS for path in (field.name, *(f"{field.name}[].{one.name}" for one in field.fields))
) | {f"{field.name}[]" for field in FIELDS if field.fields}


def check_fields(attributes: Mapping[str, Any]) -> None:
    """Validate an order's fields. Raises OrderRejected, which names the first invalid field.

    The pattern of ``timestamp`` is not checked here; the timestamp's parser checks it.
    """
    for name, plain_types, field in _ORDER:
        value = attributes.get(name)
        if type(value) not in plain_types:
            if value is None and name not in attributes:
                raise OrderRejected(f"{name} is missing: expected {field.expected}", name)
            _check_value(field, value, name)


def is_personal(name: str) -> bool:
    """Whether a top-level field may tell who the customer is. So does every field that the contract does not know."""
    return name not in _IMPERSONAL


def violation(path: str, expected: str, got: str) -> OrderRejected:
    """The error for one invalid value."""
    return OrderRejected(f"{path}: expected {expected}, got {got}", path)


def shown(value: object) -> str:
    """A value as JSON, shortened for a log line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, Decimal):
        text = str(value)
    else:
        text = json.dumps(value, default=str, ensure_ascii=False) if value != "" else "an empty string"
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return short.encode("utf-8", "backslashreplace").decode()  # a lone surrogate has no UTF-8 encoding


def name_kind(value: object) -> str:
    """The JSON type of a value, for a message that must not hold the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    kinds: dict[type, str] = {str: "a string", dict: "an object", list: "an array"}
    return kinds.get(type(value), "a number")


def _shown_of(field: Field, value: object) -> str:
    return name_kind(value) if field.is_personal else shown(value)


# --- Checking -----------------------------------------------------------------------------------------------
# An order has about a hundred values. For nearly all, one look-up of the type proves them valid; only the others are
# checked in full. The measurements are in docs/decisions/0005.

_Check = tuple[str, frozenset[type], Field]


def _plain_types(field: Field) -> frozenset[type]:
    """The types of which every value is valid in this field."""
    types: set[type] = set() if field.required else {type(None)}
    if field.kind == "integer":
        types |= {int}
    elif field.kind == "number":
        types |= {int, Decimal}
    elif field.kind == "string" and field.bytes_max is None and field.pattern in (None, MOMENT_PATTERN):
        types |= {str}
    return frozenset(types)


def _checks(fields: tuple[Field, ...]) -> tuple[_Check, ...]:
    return tuple((field.name, _plain_types(field), field) for field in fields)


_ORDER = _checks(FIELDS)
_MEMBERS = {field.name: _checks(field.fields) for field in FIELDS if field.fields}
_COLUMNS = {name: [(itemgetter(one), plain) for one, plain, _ in checks] for name, checks in _MEMBERS.items()}
_MATCHES = {pattern: re.compile(pattern).search for pattern in {field.pattern for field in FIELDS} if pattern}


def _check_value(field: Field, value: Any, path: str) -> None:
    """Check a value whose type alone does not prove it valid."""
    if field.kind == "array" and type(value) is list:
        _check_elements(field.name, value, path)
    elif field.kind == "string" and type(value) is str:
        _check_text(field, value, path)
    elif field.kind != "integer" or type(value) is not Decimal or not is_whole(value):
        raise violation(path, field.expected, _shown_of(field, value))


def _check_elements(name: str, elements: list[Any], path: str) -> None:
    try:
        for take, plain_types in _COLUMNS[name]:
            # Checking field by field across all elements takes a third less time than element by element.
            if not plain_types.issuperset(map(type, map(take, elements))):
                break
        else:
            return
    except (KeyError, TypeError):  # a field is absent, or an element is not an object
        pass
    _look_at_elements(_MEMBERS[name], elements, path)


def _look_at_elements(checks: tuple[_Check, ...], elements: list[Any], path: str) -> None:
    for index, element in enumerate(elements):
        if type(element) is not dict:
            raise violation(f"{path}[{index}]", "an object", name_kind(element))
        get = element.get
        for name, plain_types, field in checks:
            if type(get(name)) not in plain_types:
                _check_value(field, get(name), f"{path}[{index}].{name}")


def _check_text(field: Field, value: str, path: str) -> None:
    # A character has at most 4 bytes, so few strings need the exact count.
    if field.bytes_max is not None and not 0 < len(value) <= field.bytes_max // 4:
        length = len(value.encode("utf-8", "surrogatepass"))
        if not 1 <= length <= field.bytes_max:
            raise violation(path, field.expected, f"{length} bytes" if length else shown(value))
    if field.pattern is not None and not _MATCHES[field.pattern](value):
        raise violation(path, field.expected, _shown_of(field, value))


def is_whole(value: Decimal) -> bool:
    """Whether a number is an integer. As in JSON Schema, 2.0 is an integer."""
    return value.is_finite() and value == value.to_integral_value()
