"""Which operations give answers that take long to make, as their last answers did.

Many clients may ask for such answers at once: each takes milliseconds, and a request that came behind them would wait
for all. So the heavy answers of read operations are made one in each turn of the event loop, and those of waiting
operations are written beside it.
"""

from __future__ import annotations

import asyncio

from onebox.clock import Clock
from onebox.gateway.message import Response
from onebox.gateway.routing import Route
from onebox.services.context import Wire

HEAVY_MS = 5.0


class HeavyAnswers:
    """Operations whose last answer was heavy. Times in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self.now_ms = clock.monotonic_ms
        self._operations: set[tuple[str, str]] = set()

    def holds(self, route: Route) -> bool:
        """Whether the operation's next answer is taken for heavy."""
        return bool(self._operations) and (route.service, route.operation) in self._operations

    def note(self, route: Route, began_ms: float) -> None:
        """An answer is made, or written, that was begun then."""
        cost_ms = self.now_ms() - began_ms
        if cost_ms > HEAVY_MS:
            self._operations.add((route.service, route.operation))
        elif self._operations and cost_ms < HEAVY_MS / 2:
            self._operations.discard((route.service, route.operation))

    async def encode(self, route: Route, result: Wire, request_id: str) -> Response:
        """The answer of a waiting operation as bytes."""
        began_ms = self.now_ms()
        if self.holds(route):
            response = await asyncio.to_thread(route.codec.encode, result, request_id)
        else:
            response = route.codec.encode(result, request_id)
        self.note(route, began_ms)
        return response
