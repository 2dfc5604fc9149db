"""Orders that are too large for an item of DynamoDB: the item holds the head, S3 the whole order.

Promises: the head holds what indexes, filters and lists need. The digest in it is that of the order's content, whatever
its notation, so that two notifications are compared by their heads alone; what S3 gives back is checked against it.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orders.domain.limits import ORDER_BYTES_MAX, measure_item, significant
from orders.domain.order import Order, parse_order, unwrap_body
from orders.domain.stored_item import BODY_ATTRIBUTE
from orders.errors import OrderRejected

BODIES_PREFIX = "bodies/"
# What the head holds of the order, where it is short: the keys of the indexes and what they project.
HEAD_FIELDS = ("orderId", "userId", "status", "timestamp", "country", "currency", "itemName", "quantity", "total")
HEAD_BYTES_MAX = 2_048


class DamagedBody(Exception):
    """What S3 holds is not the order that was stored."""


def split_body(order: Order, text: str) -> tuple[Order, bytes | None]:
    """The order as it is stored, and the body to keep in S3; None where the item holds the whole order.

    ``text`` is what the order was read from.
    """
    size = measure_item(order.attributes)
    if size <= ORDER_BYTES_MAX:
        return order, None
    # Half of a surrogate pair can only stand in a value that a later field of the same name has replaced.
    content = unwrap_body(text).encode("utf-8", "replace")
    head = {name: order.attributes[name] for name in HEAD_FIELDS if _is_short(order.attributes.get(name))}
    # The size as an item, which like the digest does not depend on the notation.
    head[BODY_ATTRIBUTE] = {"sha256": digest(order.attributes), "bytes": size}
    return order._replace(attributes=head), content


def body_key(attributes: Mapping[str, Any]) -> str | None:
    """Where the body of a stored order is; None for an order that its item holds whole.

    All bodies of an order have the same beginning, which tells nothing of the order.
    """
    body = attributes.get(BODY_ATTRIBUTE)
    if not isinstance(body, Mapping):
        return None
    name = hashlib.sha256(attributes["orderId"].encode("utf-8", "surrogatepass")).hexdigest()
    return f"{BODIES_PREFIX}{name}/{body.get('sha256')}"


def read_body(attributes: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """The whole order whose head was stored. Raises DamagedBody."""
    try:
        found = parse_order(content.decode(), bytes_max=None, is_stored=True).attributes
    except (UnicodeDecodeError, OrderRejected) as error:
        raise DamagedBody(str(error)) from error
    if digest(found) != attributes[BODY_ATTRIBUTE].get("sha256"):
        raise DamagedBody("its digest is not the one that was stored")
    return found


def digest(attributes: Mapping[str, Any]) -> str:
    """SHA-256 of the fields: the same for 22.20 and 22.2, and in any order of names."""
    text = json.dumps(attributes, sort_keys=True, separators=(",", ":"), default=_plain_number)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain_number(value: Any) -> Any:
    """A decimal as an integer where it is one, else under an empty name, which no order has."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not a JSON value")
    if value == value.to_integral_value():
        return int(value)
    digits = significant(value)
    return {"": f"{'-' if value < 0 else ''}{digits}E{value.adjusted() - len(digits) + 1}"}


def _is_short(value: Any) -> bool:
    if type(value) is str:
        return len(value.encode("utf-8", "surrogatepass")) <= HEAD_BYTES_MAX
    return type(value) is int or type(value) is Decimal
