"""Which answers take long to make: those of operations whose last answers did, and those of many values.

Many clients may ask for such answers at once: each takes milliseconds, and a request that came behind them would wait
for all. So the heavy answers of read operations are made one in each turn of the event loop, and those of waiting
operations are written beside it.
"""

from __future__ import annotations

from functools import partial

from onebox.clock import Clock
from onebox.gateway.message import Response
from onebox.gateway.routing import Route
from onebox.runtime.threads import compute_beside
from onebox.services.context import Wire

HEAVY_MS = 5.0
_LARGE_VALUES = 2_000
"""So many values take some milliseconds to write."""


class HeavyAnswers:
    """Operations whose last two answers were heavy. Times in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self.now_ms = clock.monotonic_ms
        self._operations: set[tuple[str, str]] = set()
        self._once: set[tuple[str, str]] = set()
        """Operations with a heavy answer: another program may have interrupted a single one."""

    def holds(self, route: Route) -> bool:
        """Whether the operation's next answer is taken for heavy."""
        return bool(self._operations) and (route.service, route.operation) in self._operations

    def note(self, route: Route, began_ms: float) -> None:
        """An answer is made, or written, that was begun then."""
        cost_ms = self.now_ms() - began_ms
        key = (route.service, route.operation)
        if cost_ms > HEAVY_MS:
            (self._operations if key in self._once else self._once).add(key)
        elif self._once and cost_ms < HEAVY_MS / 2:
            self._once.discard(key)
            self._operations.discard(key)

    async def encode(self, route: Route, result: Wire, request_id: str) -> Response:
        """The answer of a waiting operation as bytes."""
        began_ms = self.now_ms()
        if self.holds(route) or _is_large(result):
            response = await compute_beside(partial(route.codec.encode, result, request_id))
        else:
            response = route.codec.encode(result, request_id)
        self.note(route, began_ms)
        return response


def _is_large(result: object) -> bool:
    """Whether an answer has many values; looks at so many at most."""
    left = [result]
    values = 0
    while left and values < _LARGE_VALUES:
        value = left.pop()
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            if len(value) > _LARGE_VALUES:
                return True
            left.extend(value)
        values += 1
    return bool(left)
