"""Parses and validates an order from a message body.

Promises: decimals are exact, and unknown fields are kept unchanged. Every input becomes an Order or raises
OrderRejected, which names the field. orders.domain.contract defines the known fields, orders.domain.limits the limits
of DynamoDB. All publishers and the function share this one check. A body may be the order itself, the order in
the SNS envelope (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html), the data of a
CloudEvent (cloud_events.py), or any of them encoded once more as a JSON string.
Independent of queues, tables and time. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple, NoReturn

from orders.domain.cloud_events import is_cloud_event, read_data
from orders.domain.contract import (
    INDEX_KEYS,
    MOMENT_EXPECTED,
    MOMENT_PATTERN,
    check_fields,
    name_kind,
    shown,
    violation,
)
from orders.domain.limits import ORDER_BYTES_MAX, check_limits, find_unreadable_number
from orders.domain.stored_item import own_fields, read_notification_id, split_arrival
from orders.domain.value_count import check_value_count
from orders.errors import OrderRejected

# The deepest wrapping that this system produces: encoded twice inside an envelope.
WRAPPINGS_MAX = 4


class Order(NamedTuple):
    """An order ready to be stored. ``moment_ns`` is its timestamp in nanoseconds since year 1, None
    without one.
    """

    order_id: str
    attributes: dict[str, Any]
    moment_ns: int | None
    notification: str | None = None
    """The id of the notification that it came by; None where no history is kept."""
    traceparent: str | None = None
    """The trace context of that notification."""


def parse_order(body: str, *, bytes_max: int | None = ORDER_BYTES_MAX, is_stored: bool = False) -> Order:
    """The order in a message body. Raises OrderRejected.

    ``bytes_max`` bounds the order as an item of DynamoDB; None takes any size, for a system with claim checks.
    ``is_stored`` takes any number of values: what a table or a spool holds stays readable, whatever is taken today.
    """
    attributes, text = _unwrap(body, is_stored=is_stored)
    try:
        return parse_attributes(attributes, text, bytes_max=bytes_max)
    except OrderRejected as error:
        if error.field != "orderId":
            error.order_id = attributes["orderId"]
        raise


def parse_attributes(
    attributes: dict[str, Any], text: str | None = None, *, bytes_max: int | None = ORDER_BYTES_MAX
) -> Order:
    """Validate fields and build the order. Raises OrderRejected, which names the field's path.

    Fractions are Decimals, as parse_order makes them. ``text`` is the JSON that they were read from, if there is any.
    """
    # What is checked is what is stored: its size has to be that of the item.
    attributes = _without_null_keys(own_fields(attributes))
    check_fields(attributes)
    check_limits(attributes, text, bytes_max=bytes_max)
    return _make_order(attributes, parse_moment_ns)


def read_stored(attributes: dict[str, Any]) -> Order:
    """The order in a stored item, whoever wrote it. Only its timestamp is parsed; an invalid timestamp
    counts as older than any other.
    """
    attributes, arrival = split_arrival(attributes)
    return _make_order(_without_null_keys(attributes), _find_moment_ns)._replace(**arrival._asdict())


def _without_null_keys(attributes: dict[str, Any]) -> dict[str, Any]:
    for name in INDEX_KEYS:
        if attributes.get(name, attributes) is None:
            attributes = {key: kept for key, kept in attributes.items() if key != name}
    return attributes


def _make_order(attributes: dict[str, Any], read_moment_ns: Callable[[Any], int | None]) -> Order:
    timestamp = attributes.get("timestamp")
    return Order(attributes["orderId"], attributes, None if timestamp is None else read_moment_ns(timestamp))


def _find_moment_ns(timestamp: Any) -> int | None:
    try:
        return parse_moment_ns(timestamp) if isinstance(timestamp, str) else None
    except OrderRejected:
        return None


# --- Unwrapping ---------------------------------------------------------------------------------------------


class _NotANumber(Exception):
    """The text holds NaN or an infinity."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumber(name)


_decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant).decode


# Accepts what the strict decoder rejects, to find its path.
def _read_number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except DecimalException:  # an exponent of more than 18 digits
        return Decimal("Infinity")


_decode_any = json.JSONDecoder(parse_float=_read_number, parse_int=Decimal, parse_constant=Decimal).decode


def _unwrap(body: str, *, is_stored: bool) -> tuple[dict[str, Any], str]:
    """The order's fields, and the JSON text that holds them."""
    text = body
    for _ in range(WRAPPINGS_MAX):
        if not is_stored:
            check_value_count(text)
        value = _parse_json(text)
        if type(value) is str:
            text = value
        elif type(value) is not dict:
            raise OrderRejected(f"expected a JSON object, got {name_kind(value)}")
        elif is_envelope(value):
            text = value["Message"]
        elif is_cloud_event(value):
            text = read_data(value, text)
        else:
            return value, text
    raise OrderRejected(f"the order is wrapped more than {WRAPPINGS_MAX} times")


def is_envelope(value: dict[str, Any]) -> bool:
    """Whether this is the envelope that SNS adds when raw delivery is off. An order is never mistaken for
    an envelope.
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
    """The error for well-formed JSON that holds an unreadable number."""
    try:
        path = find_unreadable_number(_decode_any(text)) or ""
    except (ValueError, RecursionError):
        path = ""
    return OrderRejected(f"{path}: expected a number, but {why}" if path else f"a number: {why}", path or None)


def find_notification_id(body: str) -> str | None:
    """SNS's id of the message in a body; None without SNS's envelope around it."""
    try:
        value = _decode(body)
    except (ValueError, RecursionError, DecimalException, _NotANumber):
        return None
    return read_notification_id(value.get("MessageId")) if type(value) is dict and is_envelope(value) else None


def find_event(body: str) -> dict[str, Any] | None:
    """The CloudEvent that a body holds, alone or in SNS's envelope, whether or not its order is valid."""
    text = body
    for _ in range(WRAPPINGS_MAX):
        try:
            value = _decode(text)
        except (ValueError, RecursionError, DecimalException, _NotANumber):
            return None
        if type(value) is str:
            text = value
        elif type(value) is not dict:
            return None
        elif is_envelope(value):
            text = value["Message"]
        else:
            return value if is_cloud_event(value) else None
    return None


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
        elif type(value) is dict and is_cloud_event(value):
            try:
                text = read_data(value, text)
            except OrderRejected:
                return text
        else:
            return text
    return text


# --- Time ---------------------------------------------------------------------------------------------------

_match_moment = re.compile(MOMENT_PATTERN).search


def parse_moment_ns(timestamp: str) -> int:
    """An ISO 8601 timestamp as nanoseconds since year 1, so that different notations compare as
    moments in time.

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
