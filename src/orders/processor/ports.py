"""What the processor needs from storage. DynamoDbOrders implements it; the tests have a fake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orders.domain.history import OrderEvent
from orders.domain.order import Order
from orders.errors import OrderRejected, OrderUnavailable

# What came of one insertion: None if it was stored, the order that already stands there, or why it was not
# stored.
Insertion = Order | OrderRejected | OrderUnavailable | None


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

    def look(self, order_id: str) -> Order | None:
        """The order that stands there. Raises OrderUnavailable."""


class Notices(Protocol):
    """Where the history of orders is kept."""

    def append(self, events: Sequence[OrderEvent]) -> list[OrderUnavailable | None]:
        """Write events of different keys. One that is there already stays as it is. Answers for each, in order: None
        if it is stored. Raises nothing for a single event.
        """


class Claims(Protocol):
    """The bucket of orders that are too large for a message or an item."""

    @property
    def name(self) -> str: ...

    def load(self, key: str) -> bytes:
        """The content of an object. Raises OrderRejected if it is not there or too large, or OrderUnavailable."""

    def keep(self, key: str, content: bytes) -> None:
        """Write an object. Raises OrderUnavailable."""
