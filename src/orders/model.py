"""The order: how a message body becomes one, and what it must hold.

Promises: decimals are exact, unknown fields are kept as they are, and whatever comes in either becomes an
Order or is refused with OrderRejected, which names the field. A body may be the order itself, the order in
the SNS envelope (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html), or either of
them encoded once more as a JSON string.
Knows nothing of queues, tables or time. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from orders.errors import OrderRejected

ORDER_ID_BYTES_MAX = 2048
# The fields that are keys of the table's indexes, with DynamoDB's limit for such a key. DynamoDB refuses an
# item whose index key is null, empty or no string, so a null is left out and the others are refused here, by
# name.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
INDEX_KEY_BYTES_MAX = {"userId": 2048, "status": 2048, "timestamp": 1024}
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
    return parse_attributes(_unwrap(body))


def parse_attributes(attributes: dict[str, Any]) -> Order:
    """The order that these fields make, checked. Raises OrderRejected, naming the field."""
    order_id = _parse_order_id(attributes)
    for name, bytes_max in INDEX_KEY_BYTES_MAX.items():
        value = attributes.get(name, attributes)
        if value is attributes:
            continue
        if value is None:
            attributes = {key: kept for key, kept in attributes.items() if key != name}
        elif type(value) is not str:
            raise OrderRejected(f"{name}: expected a string, got {_shown(value)}", name)
        elif not 0 < len(value) <= bytes_max // 4:  # at most 4 bytes a character: few strings need the exact count
            _check_length(name, value, bytes_max)
    timestamp = attributes.get("timestamp")
    return Order(order_id, attributes, None if timestamp is None else parse_moment_ns(timestamp))


def _parse_order_id(attributes: dict[str, Any]) -> str:
    value = attributes.get("orderId", attributes)
    if value is attributes:
        raise OrderRejected(f"orderId is missing: expected a string of 1 to {ORDER_ID_BYTES_MAX} bytes", "orderId")
    if type(value) is not str:
        raise OrderRejected(f"orderId: expected a string, got {_shown(value)}", "orderId")
    if not 0 < len(value) <= ORDER_ID_BYTES_MAX // 4:
        _check_length("orderId", value, ORDER_ID_BYTES_MAX)
    return value


def _check_length(name: str, value: str, bytes_max: int) -> None:
    length = len(value.encode("utf-8", "surrogatepass"))
    if not 1 <= length <= bytes_max:
        got = "an empty string" if length == 0 else f"{length} bytes"
        raise OrderRejected(f"{name}: expected a string of 1 to {bytes_max} bytes, got {got}", name)


# --- Unwrapping ---------------------------------------------------------------------------------------------


def _refuse_constant(name: str) -> NoReturn:
    raise OrderRejected(f"{name} is not a number of JSON")


_decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant).decode


def _unwrap(body: str) -> dict[str, Any]:
    text = body
    for _ in range(WRAPPINGS_MAX):
        value = _parse_json(text)
        if type(value) is str:
            text = value
        elif type(value) is not dict:
            raise OrderRejected(f"expected a JSON object, got {_shown(value)}")
        elif is_envelope(value):
            text = value["Message"]
        else:
            return value
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
    except ValueError as error:  # an integer of thousands of digits: Python refuses to convert it
        raise OrderRejected("a number has more than 38 digits") from error
    except RecursionError as error:
        raise OrderRejected("nested too deep: DynamoDB takes 32 levels") from error


def peel(body: str) -> str:
    """The innermost text of a body, without envelope and second encoding, whether or not it is an order."""
    text = body
    for _ in range(WRAPPINGS_MAX):
        try:
            value = _decode(text)
        except (ValueError, RecursionError, OrderRejected):
            return text
        if type(value) is str:
            text = value
        elif type(value) is dict and is_envelope(value):
            text = value["Message"]
        else:
            return text
    return text


def _shown(value: object) -> str:
    """A value as JSON names it, short enough for a log line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- Time ---------------------------------------------------------------------------------------------------

_match_moment = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d)?)?)?",
    re.ASCII,
).fullmatch


def parse_moment_ns(timestamp: str) -> int:
    """An ISO 8601 timestamp as nanoseconds since year 1, so that two of them compare however they are
    written.

    Without an offset it is UTC; a date alone is its first moment. Raises OrderRejected.
    """
    found = _match_moment(timestamp)
    if found is None:
        raise _no_moment(timestamp)
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal()
    except ValueError as error:
        raise _no_moment(timestamp) from error
    seconds = 0
    if hour is not None:
        if hour > "23" or minute > "59" or (second or "0") > "60":
            raise _no_moment(timestamp)
        seconds = int(hour) * 3600 + int(minute) * 60 + int(second or 0)
        if sign is not None:
            offset = int(offset_hours) * 3600 + int(offset_minutes or 0) * 60
            seconds += offset if sign == "-" else -offset
    return (days * 86400 + seconds) * 1_000_000_000 + (int(fraction.ljust(9, "0")) if fraction else 0)


def _no_moment(timestamp: str) -> OrderRejected:
    return OrderRejected(
        f"timestamp: expected an ISO 8601 date and time such as 2026-05-03T12:00:00Z, got {_shown(timestamp)}",
        "timestamp",
    )
