"""Whose copies are erased: a customer with all orders, or one order.

Promises: a message is recognised raw, in SNS's envelope or encoded twice; a text that is no JSON object is taken if it
holds the customer or one of the orders as a quoted text, so that a torn message is no hiding place.
Pure.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from orders.domain.order import unwrap_body


class Person(NamedTuple):
    """The customer, if one is to be erased, and the orders that are erased as a whole."""

    user: str | None
    order_ids: frozenset[str]

    def owns(self, text: str) -> bool:
        """Whether a notification or a queue's message holds the person's data."""
        fields = read_fields(text)
        if fields is None:
            words = {word.rstrip("\\") for word in text.split('"')[1:]}
            return self.user in words or not self.order_ids.isdisjoint(words)
        return _text(fields.get("orderId")) in self.order_ids or self.is_user(fields.get("userId"))

    def is_user(self, value: Any) -> bool:
        """Whether a field's value names the customer; a number does too, though no order may hold one."""
        return self.user is not None and _text(value) == self.user


def read_fields(text: str) -> dict[str, Any] | None:
    """The fields of the order in a text; None if there is none."""
    try:
        value = json.loads(unwrap_body(text), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def order_id_of(text: str) -> str | None:
    """The id of the order in a text; None without a valid one."""
    fields = read_fields(text)
    found = None if fields is None else fields.get("orderId")
    return found if isinstance(found, str) and found else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
