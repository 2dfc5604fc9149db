"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

_START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_SETTLE_TURNS = 20


class ManualTimer:
    """A callback on a :class:`ManualClock`."""

    __slots__ = ("at_ms", "callback")

    def __init__(self, at_ms: int, callback: Callable[[], None]) -> None:
        self.at_ms = at_ms
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never run it."""
        self.callback = None


class ManualClock:
    """Time moves by :meth:`advance` alone; due timers run in order, each at its own moment."""

    def __init__(self, now_ms: int = _START_MS) -> None:
        self._now_ms = now_ms
        self._order = itertools.count()
        self._timers: list[tuple[int, int, ManualTimer]] = []

    def now_ms(self) -> int:
        """The moment at which the clock stands."""
        return self._now_ms

    def monotonic_ms(self) -> float:
        """The same, for durations."""
        return float(self._now_ms)

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> ManualTimer:
        """Keep ``callback`` until :meth:`advance` reaches ``at_ms``; past moments run at the next advance."""
        timer = ManualTimer(at_ms, callback)
        heapq.heappush(self._timers, (at_ms, next(self._order), timer))
        return timer

    async def advance(self, seconds: float) -> None:
        """Move time, running what becomes due and letting its consequences settle in between."""
        target_ms = self._now_ms + round(seconds * 1000)
        await _settle()
        while self._timers and self._timers[0][0] <= target_ms:
            at_ms, _, timer = heapq.heappop(self._timers)
            self._now_ms = max(self._now_ms, at_ms)
            if timer.callback is not None:
                timer.callback()
                await _settle()
        self._now_ms = target_ms
        await _settle()


async def _settle() -> None:
    # Turns of the loop, not time: enough for a chain of callbacks, commits and their effects.
    for _ in range(_SETTLE_TURNS):
        await asyncio.sleep(0)
