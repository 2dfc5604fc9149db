"""Which of two notifications of one order wins.

Notifications of an order may be repeated, late or out of order. The newest timestamp wins. A stale or duplicate
notification changes nothing. The same timestamp with different content is a conflict. Without a timestamp, the last
notification to arrive wins. An order that was erased takes nothing any more.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from orders.domain.order import Order
from orders.domain.stored_item import BODY_ATTRIBUTE, ERASED_ATTRIBUTE


class Effect(Enum):
    """The effect of an arriving notification on the stored order."""

    STORE = "stored"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflict"
    ERASED = "erased"
    """The order was erased on request: it stays erased, whatever arrives late or is replayed."""


def decide_effect(stored: Order | None, arriving: Order) -> Effect:
    """The effect of ``arriving`` on ``stored``."""
    if stored is None:
        return Effect.STORE
    if ERASED_ATTRIBUTE in stored.attributes:
        return Effect.ERASED
    if is_same_content(stored.attributes, arriving.attributes) or _is_whole_of(stored, arriving):
        return Effect.DUPLICATE
    if stored.moment_ns is None or arriving.moment_ns is None or arriving.moment_ns > stored.moment_ns:
        return Effect.STORE
    return Effect.STALE if arriving.moment_ns < stored.moment_ns else Effect.CONFLICT


def _is_whole_of(stored: Order, arriving: Order) -> bool:
    """Whether the stored item is the head of the order that arrives whole: earlier versions left an item less room."""
    body = stored.attributes.get(BODY_ATTRIBUTE)
    if not isinstance(body, Mapping) or BODY_ATTRIBUTE in arriving.attributes:
        return False
    from orders.domain.bodies import digest  # only where large orders are stored

    return bool(body.get("sha256") == digest(arriving.attributes))


def is_same_content(one: Any, other: Any) -> bool:
    """Whether both are equal in DynamoDB: 22.20 equals 22.2, but true does not equal 1."""
    if type(one) is str:  # most values of an order are strings
        return bool(one == other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, Decimal)) and isinstance(other, (int, Decimal)):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(is_same_content(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same_content, one, other))
    return bool(one == other)
