"""The order contract: which fields are known, and what each must hold where it is there.

Promises: this is the only place that says so. The processor and the publisher check by it, `orders schema`
prints it as JSON Schema, docs/order-contract.md is made from it. A violation names the field by its path and
says what was expected. Fields that are not known are none of its business.
Knows nothing of queues, tables or time. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from orders.errors import OrderRejected

ORDER_ID_BYTES_MAX = 2048
# The limit of DynamoDB for the partition key of an index.
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

# Bounds how many metrics by currency there can be, too.
CURRENCY_PATTERN = r"^[A-Z]{3}(?!\n)$"


class Field(NamedTuple):
    """A known field. Unless it is required, null says the same as leaving it out."""

    name: str
    kind: Literal["string", "integer", "number", "array"]
    meaning: str
    required: bool = False
    is_index_key: bool = False
    """DynamoDB refuses an item whose index key is null: a null is left out of what is stored."""
    bytes_max: int | None = None
    """Of UTF-8; a string that has this limit is not empty."""
    pattern: str | None = None
    pattern_expected: str = ""
    fields: tuple[Field, ...] = ()
    """Of each element, for an array of objects."""

    @property
    def expected(self) -> str:
        """What a value must be, in words that follow "expected"."""
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
    Field("userId", "string", "The customer.", is_index_key=True, bytes_max=INDEX_KEY_BYTES_MAX),
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
INDEX_KEYS = tuple(field.name for field in FIELDS if field.is_index_key)

# Every field by its path, the elements of an array without their numbers.
KNOWN_PATHS = frozenset(
    path for field in FIELDS for path in (field.name, *(f"{field.name}[].{one.name}" for one in field.fields))
) | {f"{field.name}[]" for field in FIELDS if field.fields}


def check_fields(attributes: Mapping[str, Any]) -> None:
    """Hold an order's fields against the contract. Raises OrderRejected, naming the first that breaks it.

    All but the pattern of ``timestamp``, which is held by whoever reads the moment from it.
    """
    for name, plain_types, field in _ORDER:
        value = attributes.get(name)
        if type(value) not in plain_types:
            if value is None and name not in attributes:
                raise OrderRejected(f"{name} is missing: expected {field.expected}", name)
            _check_value(field, value, name)


def violation(path: str, expected: str, got: str) -> OrderRejected:
    """The refusal of one value."""
    return OrderRejected(f"{path}: expected {expected}, got {got}", path)


def shown(value: object) -> str:
    """A value as JSON names it, short enough for a log line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, Decimal):
        text = str(value)
    else:
        text = json.dumps(value, default=str, ensure_ascii=False) if value != "" else "an empty string"
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return short.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair has no UTF-8


# --- Checking -----------------------------------------------------------------------------------------------
# An order has a hundred values, nearly all of a type that settles the matter: those are passed by one look-up
# each; only the others are looked at. The figures are in docs/decisions/0005.

_Check = tuple[str, frozenset[type], Field]


def _plain_types(field: Field) -> frozenset[type]:
    """The types whose every value this field takes."""
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
    """Look at a value whose type alone does not settle it."""
    if field.kind == "array" and type(value) is list:
        _check_elements(field.name, value, path)
    elif field.kind == "string" and type(value) is str:
        _check_text(field, value, path)
    elif field.kind != "integer" or type(value) is not Decimal or not is_whole(value):
        raise violation(path, field.expected, shown(value))


def _check_elements(name: str, elements: list[Any], path: str) -> None:
    try:
        for take, plain_types in _COLUMNS[name]:
            # Field by field through all elements at once, which takes a third less time than element by element.
            if not plain_types.issuperset(map(type, map(take, elements))):
                break
        else:
            return
    except (KeyError, TypeError):  # a field is left out, or an element is no object
        pass
    _look_at_elements(_MEMBERS[name], elements, path)


def _look_at_elements(checks: tuple[_Check, ...], elements: list[Any], path: str) -> None:
    for index, element in enumerate(elements):
        if type(element) is not dict:
            raise violation(f"{path}[{index}]", "an object", shown(element))
        get = element.get
        for name, plain_types, field in checks:
            if type(get(name)) not in plain_types:
                _check_value(field, get(name), f"{path}[{index}].{name}")


def _check_text(field: Field, value: str, path: str) -> None:
    # At most 4 bytes a character: few strings need the exact count.
    if field.bytes_max is not None and not 0 < len(value) <= field.bytes_max // 4:
        length = len(value.encode("utf-8", "surrogatepass"))
        if not 1 <= length <= field.bytes_max:
            raise violation(path, field.expected, f"{length} bytes" if length else shown(value))
    if field.pattern is not None and not _MATCHES[field.pattern](value):
        raise violation(path, field.expected, shown(value))


def is_whole(value: Decimal) -> bool:
    """Whether a number is an integer, however it is written: 2.0 is, as JSON Schema has it."""
    return value.is_finite() and value == value.to_integral_value()
