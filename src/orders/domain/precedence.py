"""Which of two notifications of one order wins.

An order is notified again and again during its life, twice, late and out of order. The newest by timestamp
wins, an older one changes nothing, duplicate changes nothing, and the same moment with other content is
a conflict. An order without a timestamp follows the seed: the last to arrive wins.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from orders.domain.order import Order


class Effect(Enum):
    """What an arriving notification does to the order that is stored."""

    STORE = "stored"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflict"


def decide_effect(stored: Order | None, arriving: Order) -> Effect:
    """What ``arriving`` does where ``stored`` stands."""
    if stored is None:
        return Effect.STORE
    if is_same_content(stored.attributes, arriving.attributes):
        return Effect.DUPLICATE
    if stored.moment_ns is None or arriving.moment_ns is None or arriving.moment_ns > stored.moment_ns:
        return Effect.STORE
    return Effect.STALE if arriving.moment_ns < stored.moment_ns else Effect.CONFLICT


def is_same_content(one: Any, other: Any) -> bool:
    """Whether DynamoDB would hold the same: 22.20 is 22.2, but true is not 1."""
    if type(one) is str:  # most of an order's values
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
