"""The order: how a message body becomes one, and what it must hold.

Promises: decimals are exact, unknown fields are kept as they are, and whatever comes in either becomes an
Order or is refused with OrderRejected, which names the field. What the known fields must hold is said by
orders.domain.contract, what DynamoDB can hold by orders.domain.limits: this is the one check that every publisher and
the function make. A body may be the order itself, the order in
the SNS envelope (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html), or either of
them encoded once more as a JSON string.
Knows nothing of queues, tables or time. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple, NoReturn

from orders.domain.contract import INDEX_KEYS, MOMENT_EXPECTED, MOMENT_PATTERN, check_fields, shown, violation
from orders.domain.limits import check_limits, find_unreadable_number
from orders.errors import OrderRejected

# Encoded twice inside an envelope is the deepest that this system makes.
WRAPPINGS_MAX = 4


class Order(NamedTuple):
    """An order as it is to be stored. ``moment_ns`` is its timestamp in nanoseconds since year 1, None
    without one.
    """

    order_id: str
    attributes: dict[str, Any]
    moment_ns: int | None


def parse_order(body: str) -> Order:
    """The order that a message body carries. Raises OrderRejected."""
    attributes, text = _unwrap(body)
    try:
        return parse_attributes(attributes, text)
    except OrderRejected as error:
        if error.field != "orderId":
            error.order_id = attributes["orderId"]
        raise


def parse_attributes(attributes: dict[str, Any], text: str | None = None) -> Order:
    """The order that these fields make, checked. Raises OrderRejected, naming the field by its path.

    Fractions are Decimals, as parse_order makes them. ``text`` is the JSON that they were read from, if there is any.
    """
    check_fields(attributes)
    check_limits(attributes, text)
    return _make_order(attributes, parse_moment_ns)


def read_stored(attributes: dict[str, Any]) -> Order:
    """The order that stands in a table, whoever wrote it there: only its timestamp is read, and one that is no
    moment counts as older than anything.
    """
    return _make_order(attributes, _find_moment_ns)


def _make_order(attributes: dict[str, Any], read_moment_ns: Callable[[Any], int | None]) -> Order:
    for name in INDEX_KEYS:
        if attributes.get(name, attributes) is None:
            attributes = {key: kept for key, kept in attributes.items() if key != name}
    timestamp = attributes.get("timestamp")
    return Order(attributes["orderId"], attributes, None if timestamp is None else read_moment_ns(timestamp))


def _find_moment_ns(timestamp: Any) -> int | None:
    try:
        return parse_moment_ns(timestamp) if isinstance(timestamp, str) else None
    except OrderRejected:
        return None


# --- Unwrapping ---------------------------------------------------------------------------------------------


class _NotANumber(Exception):
    """NaN or an infinity stands in the text."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumber(name)


_decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant).decode


# Takes what the other refuses, to tell where it stands.
def _read_number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except DecimalException:  # an exponent of more than 18 digits
        return Decimal("Infinity")


_decode_any = json.JSONDecoder(parse_float=_read_number, parse_int=Decimal, parse_constant=Decimal).decode


def _unwrap(body: str) -> tuple[dict[str, Any], str]:
    """The order's fields, and the text that they stand in."""
    text = body
    for _ in range(WRAPPINGS_MAX):
        value = _parse_json(text)
        if type(value) is str:
            text = value
        elif type(value) is not dict:
            raise OrderRejected(f"expected a JSON object, got {shown(value)}")
        elif is_envelope(value):
            text = value["Message"]
        else:
            return value, text
    raise OrderRejected(f"the order is wrapped more than {WRAPPINGS_MAX} times")


def is_envelope(value: dict[str, Any]) -> bool:
    """Whether this is what SNS puts around a message when raw delivery is off. An order is never taken for
    one.
    """
    return (
        value.get("Type") == "Notification"
        and "orderId" not in value
        and "TopicArn" in value
        and type(value.get("Message")) is str
    )


def _parse_json(text: str) -> Any:
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        raise OrderRejected(f"not JSON: {error}") from error
    except _NotANumber as error:
        raise _name_unreadable(text, f"{error} is not a JSON number") from error
    except ValueError as error:  # an integer of thousands of digits: Python refuses to convert it
        raise _name_unreadable(text, "it has more than 38 digits") from error
    except DecimalException as error:
        raise _name_unreadable(text, "its exponent has more than 18 digits") from error
    except RecursionError as error:
        raise OrderRejected("nested too deep: DynamoDB takes 32 levels") from error


def _name_unreadable(text: str, why: str) -> OrderRejected:
    """The refusal of a text whose JSON is well-formed but holds what cannot be read as a number."""
    try:
        path = find_unreadable_number(_decode_any(text)) or ""
    except (ValueError, RecursionError):
        path = ""
    return OrderRejected(f"{path}: expected a number, but {why}" if path else f"a number: {why}", path or None)


def unwrap_body(body: str) -> str:
    """The innermost text of a body, without envelope and second encoding, whether or not it is an order."""
    text = body
    for _ in range(WRAPPINGS_MAX):
        try:
            value = _decode(text)
        except (ValueError, RecursionError, DecimalException, _NotANumber):
            return text
        if type(value) is str:
            text = value
        elif type(value) is dict and is_envelope(value):
            text = value["Message"]
        else:
            return text
    return text


# --- Time ---------------------------------------------------------------------------------------------------

_match_moment = re.compile(MOMENT_PATTERN).search


def parse_moment_ns(timestamp: str) -> int:
    """An ISO 8601 timestamp as nanoseconds since year 1, so that two of them compare however they are
    written.

    Without an offset it is UTC; a date alone is its first moment. Raises OrderRejected.
    """
    found = _match_moment(timestamp)
    if found is None:
        raise violation("timestamp", MOMENT_EXPECTED, shown(timestamp))
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = found.groups()
    days = date(int(year), int(month), int(day)).toordinal()
    seconds = 0
    if hour is not None:
        seconds = int(hour) * 3600 + int(minute) * 60 + int(second or 0)
        if sign is not None:
            offset = int(offset_hours) * 3600 + int(offset_minutes or 0) * 60
            seconds += offset if sign == "-" else -offset
    return (days * 86400 + seconds) * 1_000_000_000 + (int(fraction.ljust(9, "0")) if fraction else 0)
