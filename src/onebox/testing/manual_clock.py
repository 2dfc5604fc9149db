"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Callable

from onebox.ids import RandomIds
from onebox.steady_clock import SteadyClock

_START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_SETTLE_TURNS = 20


class ManualSource:
    """The two clocks of a machine that exists in a test only; each has had its own boot."""

    def __init__(self, now_ms: int) -> None:
        self.boot_id = RandomIds().uuid()
        self._elapsed_ns = 0
        self._offset_ns = now_ms * 1_000_000

    def wall_ns(self) -> int:
        """See :class:`onebox.steady_clock.ClockSource`."""
        return self._elapsed_ns + self._offset_ns

    def elapsed_ns(self) -> int:
        """See :class:`onebox.steady_clock.ClockSource`."""
        return self._elapsed_ns

    def pass_ms(self, passed_ms: int) -> None:
        """Time passes."""
        self._elapsed_ns += passed_ms * 1_000_000

    def set_wall(self, by_ms: int) -> None:
        """Somebody sets the wall clock, forward or back."""
        self._offset_ns += by_ms * 1_000_000

    def boot(self) -> None:
        """The machine starts again."""
        self.boot_id = RandomIds().uuid()
        self._offset_ns += self._elapsed_ns
        self._elapsed_ns = 0


class ManualTimer:
    """A callback on a :class:`ManualClock`."""

    __slots__ = ("at_ms", "callback")

    def __init__(self, at_ms: int, callback: Callable[[], None]) -> None:
        self.at_ms = at_ms
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never run it."""
        self.callback = None


class ManualClock(SteadyClock):
    """Time moves by :meth:`advance` alone; due timers run in order, each at its own moment. A timer that is overdue
    when it is set runs with the event loop's next turn: what an advance has overtaken happens without another one.

    ``source`` is a machine on which other clocks ran before; ``now_ms`` a new one's wall time.
    """

    def __init__(self, now_ms: int = _START_MS, source: ManualSource | None = None) -> None:
        self.source = source or ManualSource(now_ms)
        super().__init__(self.source)
        self._order = itertools.count()
        self._timers: list[tuple[int, int, ManualTimer]] = []
        self._is_advancing = False

    def monotonic_ms(self) -> float:
        """The steady time, for durations."""
        return float(self.steady_ms())

    def call_at(self, steady_at_ms: int, callback: Callable[[], None]) -> ManualTimer:
        """See :class:`onebox.clock.Clock`. A timer for the present moment waits for the next advance, as it takes the
        system's clock a millisecond; outside of an event loop an overdue one does, too."""
        timer = ManualTimer(steady_at_ms, callback)
        heapq.heappush(self._timers, (steady_at_ms, next(self._order), timer))
        if steady_at_ms < self.steady_ms() and not self._is_advancing:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self._run_overdue)
        return timer

    def jump(self, seconds: float) -> None:
        """Set the wall clock, forward or back. No time passes."""
        self.source.set_wall(round(seconds * 1000))

    async def advance(self, seconds: float) -> None:
        """Move time, running what becomes due and letting its consequences settle in between."""
        target_ms = self.steady_ms() + round(seconds * 1000)
        self._is_advancing = True
        try:
            await _settle()
            await self._run_until(target_ms)
            self.source.pass_ms(max(0, target_ms - self.steady_ms()))
            await _settle()
            await self._run_until(target_ms)  # what was set late, for a moment that had passed by then
        finally:
            self._is_advancing = False

    async def _run_until(self, until_ms: int) -> None:
        while self._run_next(until_ms):
            await _settle()

    def _run_next(self, until_ms: int) -> bool:
        """Run the first timer that is due until then, at its moment; False if there is none."""
        while self._timers and self._timers[0][0] <= until_ms:
            at_ms, _, timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                self.source.pass_ms(max(0, at_ms - self.steady_ms()))
                timer.callback()
                return True
        return False

    def _run_overdue(self) -> None:
        if not self._is_advancing:
            self._run_next(self.steady_ms())


async def _settle() -> None:
    # Turns of the loop, not time: enough for a chain of callbacks, commits and their effects. A day has tens of
    # thousands of timers, most without any: an asyncio loop is asked whether something waits for its turn, and once
    # more after it looked at its connections.
    waiting = getattr(asyncio.get_running_loop(), "_ready", True)
    idle = 0
    for _ in range(_SETTLE_TURNS):
        await asyncio.sleep(0)
        idle = 0 if waiting else idle + 1
        if idle > 1:
            return
