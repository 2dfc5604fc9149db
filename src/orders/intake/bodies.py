"""A body as the texts of its orders, each checked against the order contract.

Promises: the text that is published is the sender's own, character for character; an order passes here if and only if
OrderProcessor accepts it and its size can be sent. Everything is linear in the body's size.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from orders.domain.cloud_events import is_cloud_event
from orders.domain.contract import name_kind
from orders.domain.order import Order, is_envelope, parse_order
from orders.domain.sizes import MESSAGE_BYTES_MAX, check_message_size
from orders.domain.violations import find_violations
from orders.errors import OrderRejected
from orders.intake.problems import FieldError, Refused
from orders.publishing.message import Message, make_fitting_message

ORDERS_MAX = 500
# An order alone is answered with all of its violations, one in a list with the first few.
ERRORS_MAX, ERRORS_IN_LIST_MAX = 50, 3


def _skip(_: str) -> int:
    return 0


# Finds where values begin and end. Numbers are read with the order, exactly.
_scan = json.JSONDecoder(parse_int=_skip, parse_float=_skip, parse_constant=_skip).raw_decode
_skip_space = re.compile(r"[ \t\n\r]*").match


class Entry(NamedTuple):
    """One order of a body: its message, or why it is refused."""

    order_id: str
    """Empty where it cannot be read."""
    message: Message | None
    errors: tuple[FieldError, ...] = ()


class Submission(NamedTuple):
    """What a body holds."""

    entries: tuple[Entry, ...]
    is_list: bool


def read_submission(body: bytes, *, is_webhook: bool = False, claim_check: bool = False) -> Submission:
    """The orders in a body. Raises Refused, 400 or 413, for one that holds none to check.

    ``claim_check`` takes orders that are too large for SNS, which are published through S3.
    A webhook may hold the orders in ``data``, beside its ``type`` and ``timestamp``.
    """
    text = _decode(body)
    try:
        value, start, end = _read(text)
        if is_webhook and _is_event(value):
            value, start, end = _find_member(text, start, "data")
    except json.JSONDecodeError as error:
        raise Refused("malformed", f"the body is not JSON: {error}") from error
    except RecursionError:
        raise Refused("malformed", "the body is nested too deep: an order has at most 32 levels") from None
    if type(value) is not list:
        return Submission((_check(text[start:end], value, ERRORS_MAX, claim_check),), is_list=False)
    if not 0 < len(value) <= ORDERS_MAX:
        kind = "too-large" if value else "malformed"
        raise Refused(kind, f"a list holds 1 to {ORDERS_MAX} orders, this one {len(value):,}")
    entries = tuple(_check(text[a:b], one, ERRORS_IN_LIST_MAX, claim_check) for one, a, b in _elements(text, start))
    return Submission(entries, is_list=True)


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refused("malformed", f"the body is not UTF-8: byte {error.start}") from error


def _read(text: str) -> tuple[Any, int, int]:
    """The only value in a text, where it begins and where it ends. Raises json.JSONDecodeError."""
    start = _after_space(text, 0)
    value, end = _scan(text, start)
    rest = _after_space(text, end)
    if rest != len(text):
        raise json.JSONDecodeError("Extra data", text, rest)
    return value, start, end


def _is_event(value: Any) -> bool:
    return (
        type(value) is dict
        and "orderId" not in value
        and not is_cloud_event(value)
        and type(value.get("type")) is str
        and type(value.get("data")) in (dict, list)
    )


def _elements(text: str, start: int) -> Iterator[tuple[Any, int, int]]:
    """The elements of the array that begins at ``start``, which is well-formed."""
    at = start
    while text[at] != "]":
        begin = _after_space(text, at + 1)
        value, end = _scan(text, begin)
        yield value, begin, end
        at = _after_space(text, end)


def _find_member(text: str, start: int, wanted: str) -> tuple[Any, int, int]:
    """The last member of this name in the object that begins at ``start``, which is well-formed and has one."""
    found: tuple[Any, int, int] | None = None
    at = start
    while text[at] != "}":
        name, end = _scan(text, _after_space(text, at + 1))
        begin = _after_space(text, _after_space(text, end) + 1)
        value, end = _scan(text, begin)
        if name == wanted:
            found = value, begin, end
        at = _after_space(text, end)
    assert found is not None
    return found


def _after_space(text: str, at: int) -> int:
    found = _skip_space(text, at)
    assert found is not None
    return found.end()


def _check(text: str, value: Any, errors_max: int, claim_check: bool) -> Entry:
    try:
        order = _parse(text, value, claim_check=claim_check)
        return Entry(order.order_id, make_fitting_message(text, order, claim_check=claim_check))
    except OrderRejected as error:
        problem = error
    order_id = _order_id(value)
    if problem.field is None or type(value) is not dict:
        return Entry(order_id, None, (FieldError(problem.field or "", problem.reason),))
    found = find_violations(text, errors_max, bytes_max=None)
    errors = tuple(FieldError(one.path, one.expectation) for one in found)
    return Entry(order_id, None, errors or (FieldError(problem.field, problem.reason),))


def _parse(text: str, value: Any, *, claim_check: bool) -> Order:
    """The order in a text, which may be the data of a CloudEvent. Raises OrderRejected."""
    if type(value) is not dict:
        raise OrderRejected(f"expected a JSON object, got {name_kind(value)}")
    if is_envelope(value):
        raise OrderRejected("expected the order itself, got SNS's envelope")
    if len(text) > MESSAGE_BYTES_MAX:  # refused before it is decoded
        check_message_size(len(text.encode("utf-8", "surrogatepass")), claim_check=claim_check)
    return parse_order(text, bytes_max=None)


def _order_id(value: Any) -> str:
    order_id = value.get("orderId") if type(value) is dict else None
    return order_id[:2048] if type(order_id) is str else ""
