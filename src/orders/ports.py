"""What the use cases need of the world, as small interfaces. The adapters satisfy them, the tests' fakes too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orders.errors import OrderRejected, OrderUnavailable
from orders.model import Order

# What came of one insertion: None if it was stored, the order that already stands there, or why it was not
# stored.
Insertion = Order | OrderRejected | OrderUnavailable | None


class Clock(Protocol):
    """Time and waiting."""

    def now_ms(self) -> int:
        """The moment, in milliseconds since the epoch, UTC."""

    def monotonic_ms(self) -> float:
        """For measuring durations."""

    def wait_ms(self, duration_ms: float) -> None:
        """Wait."""

    def jitter_ms(self, limit_ms: float) -> float:
        """A random duration from zero to the limit."""


class OrderStore(Protocol):
    """The table of orders, by conditional writes only: no call ever overwrites what it has not seen."""

    def insert(self, orders: Sequence[Order]) -> list[Insertion]:
        """Store those whose id is not there yet. Answers for each, in order; raises nothing for a single
        order.

        The ids must differ from each other.
        """

    def replace(self, order: Order, seen: Order) -> Order | None:
        """Store an order in place of the one that was seen there. None if done, else the one that stands
        there now.

        Raises OrderRejected or OrderUnavailable.
        """
