"""Goal: of two notifications of one order the right one wins, whichever arrives first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orders.domain.order import Order, parse_attributes
from orders.domain.precedence import Effect, decide_effect, is_same_content


def order(status: str, timestamp: str | None = None) -> Order:
    fields = {"orderId": "O-1", "status": status}
    return parse_attributes(fields if timestamp is None else {**fields, "timestamp": timestamp})


EARLY, LATE = "2026-05-03T12:00:00Z", "2026-05-03T12:00:01Z"

CASES: dict[str, tuple[Order | None, Order, Effect]] = {
    "nothing there": (None, order("new", EARLY), Effect.STORE),
    "newer": (order("new", EARLY), order("paid", LATE), Effect.STORE),
    "older": (order("paid", LATE), order("new", EARLY), Effect.STALE),
    "the same": (order("new", EARLY), order("new", EARLY), Effect.DUPLICATE),
    "same moment, other content": (order("new", EARLY), order("paid", EARLY), Effect.CONFLICT),
    "both without time": (order("new"), order("paid"), Effect.STORE),
    "both without time, the same": (order("new"), order("new"), Effect.DUPLICATE),
    "with time over one without": (order("new"), order("paid", EARLY), Effect.STORE),
    "without time over one with": (order("new", EARLY), order("paid"), Effect.STORE),
    "same moment written otherwise": (
        order("new", EARLY),
        order("paid", "2026-05-03T14:00:00+02:00"),
        Effect.CONFLICT,
    ),
}


@pytest.mark.parametrize(("stored", "arriving", "effect"), CASES.values(), ids=CASES.keys())
def test_decide_effect(stored: Order | None, arriving: Order, effect: Effect) -> None:
    assert decide_effect(stored, arriving) is effect


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Decimal("22.20"), Decimal("22.2"), True),
        (22, Decimal("22.0"), True),
        (True, 1, False),
        (1, True, False),
        (False, False, True),
        ("1", 1, False),
        (None, False, False),
        ({"a": [1, {"b": Decimal("2.50")}]}, {"a": [1, {"b": Decimal("2.5")}]}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [2, 1], False),
        ({"s"}, {"s"}, True),
        (b"x", "x", False),
    ],
)
def test_is_same_content(one: Any, other: Any, same: bool) -> None:
    assert is_same_content(one, other) is same
    assert is_same_content(other, one) is same
