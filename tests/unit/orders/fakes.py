"""Hand-written doubles of the ports: a table in a dictionary, a clock that does not wait."""

from __future__ import annotations

from collections.abc import Sequence

from orders.domain.order import Order
from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.ports import Insertion


class FakeClock:
    """Time that passes only by waiting; every jitter is half its limit."""

    def __init__(self) -> None:
        self.time_ms = 1_000_000.0
        self.waits: list[float] = []

    def now_ms(self) -> int:
        return int(self.time_ms)

    def monotonic_ms(self) -> float:
        return self.time_ms

    def wait_ms(self, duration_ms: float) -> None:
        self.waits.append(duration_ms)
        self.time_ms += duration_ms

    def jitter_ms(self, limit_ms: float) -> float:
        return limit_ms / 2


class FakeOrderStore:
    """OrderStore in a dictionary. ``faults`` are raised one by one, by the next inserted orders or replacements."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.calls = 0
        self.writes = 0
        self.faults: list[OrderUnavailable | OrderRejected | None] = []

    def insert(self, orders: Sequence[Order]) -> list[Insertion]:
        assert len({order.order_id for order in orders}) == len(orders), "ids must differ in one call"
        self.calls += 1
        return [self._insert(order) for order in orders]

    def look(self, order_id: str) -> Order | None:
        return self.orders.get(order_id)

    def replace(self, order: Order, seen: Order) -> Order | None:
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        there = self.orders.get(order.order_id)
        if there is not None and there.attributes.get("timestamp") != seen.attributes.get("timestamp"):
            return there
        self._write(order)
        return None

    def _insert(self, order: Order) -> Insertion:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            return fault
        if order.order_id in self.orders:
            return self.orders[order.order_id]
        self._write(order)
        return None

    def _write(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self.writes += 1
