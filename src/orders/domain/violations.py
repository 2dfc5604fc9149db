"""Finds all contract violations in an order, not only the first, for people who edit it field by field.

Promises: an order has no violations if and only if the processor accepts it. contract.py and order.py find each
violation; this module replaces the invalid value, so that the next one shows.
Pure.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple

from orders.domain.cloud_events import is_cloud_event
from orders.domain.limits import ORDER_BYTES_MAX
from orders.domain.order import parse_attributes, parse_order, unwrap_body
from orders.errors import OrderRejected

# An order with more violations than this is not a typing mistake.
VIOLATIONS_MAX = 50

_match_path = re.compile(r"(?P<name>\w+)(?:\[(?P<index>\d+)\](?:\.(?P<member>\w+))?)?").fullmatch


class Violation(NamedTuple):
    """One invalid value."""

    path: str
    """For example items[0].unitPrice; empty for the whole text."""
    expectation: str
    """The expected and the actual value, without the path."""


def find_violations(
    text: str, at_most: int = VIOLATIONS_MAX, *, bytes_max: int | None = ORDER_BYTES_MAX
) -> list[Violation]:
    """The violations in an order's text, in checking order; at most so many.

    ``bytes_max`` bounds the order as an item of DynamoDB; None takes any size, for a system with claim checks.
    """
    try:
        parse_order(text, bytes_max=bytes_max)
    except OrderRejected as error:
        attributes = _read(text) if error.field else None
        return [_told(error)] if attributes is None else _collect(attributes, at_most, bytes_max)
    return []


def _read(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(unwrap_body(text), parse_float=Decimal)
    except (
        ValueError,
        RecursionError,
        DecimalException,
    ):  # an unreadable number: only the first violation is known
        return None
    # What is left of an event is one that carries no order: then only the first violation is known.
    return value if isinstance(value, dict) and not is_cloud_event(value) else None


def _collect(attributes: dict[str, Any], at_most: int, bytes_max: int | None) -> list[Violation]:
    found: list[Violation] = []
    while len(found) < at_most and (error := _find_first(attributes, bytes_max)) is not None:
        found.append(_told(error))
        if not _take_out(attributes, error.field or ""):
            break
    return found


def _find_first(attributes: dict[str, Any], bytes_max: int | None) -> OrderRejected | None:
    try:
        parse_attributes(attributes, bytes_max=bytes_max)
    except OrderRejected as error:
        return error
    return None


def _told(error: OrderRejected) -> Violation:
    path = error.field or ""
    return Violation(path, error.reason.removeprefix(path).removeprefix(" is missing").removeprefix(": "))


def _take_out(attributes: dict[str, Any], path: str) -> bool:
    """Replace a value with a harmless one; False if it is not found."""
    place = _match_path(path)
    if place is None:
        return False
    name, index, member = place["name"], place["index"], place["member"]
    if index is None:
        if name == "orderId":
            attributes[name] = "-"
        else:
            attributes.pop(name, None)
    elif member is None:
        attributes[name][int(index)] = {}
    else:
        del attributes[name][int(index)][member]
    return True
