"""The clock that every part of onebox is given, and the ways to wait on it.

Moments are milliseconds since the epoch (``_at_ms``), durations milliseconds (``_ms``). There are two time lines.
**Wall time** (:meth:`Clock.now_ms`) is for dates: what AWS's API shows, and what comes from outside. **Steady time**
(:meth:`Clock.steady_ms`) is for durations: it goes on evenly when somebody sets the wall clock. The two are equal until
the first jump of the wall clock. Waiting goes through the clock as well, so that a test moves time by hand
(:class:`onebox.testing.ManualClock`) and never sleeps. :mod:`onebox.steady_clock` is the implementation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A callback that will run; ``cancel`` is idempotent and harmless after it ran."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    def now_ms(self) -> int:
        """The wall time, in milliseconds since the epoch, UTC. It jumps when the machine's clock is set."""

    def steady_ms(self) -> int:
        """The steady time, for moments that are stored or compared with a duration added. It never goes back."""

    def wall_of(self, steady_at_ms: int) -> int:
        """The wall time of a moment in steady time, by the wall clock as it is set now."""

    def trusted_ms(self) -> int:
        """The wall time to delete by: what is due before it may be deleted. After a jump of the wall clock to a later
        time it goes on as if the jump had not been, until the clock has been left alone for an hour."""

    def monotonic_ms(self) -> float:
        """Milliseconds since some fixed moment, with fractions; for measuring durations."""

    def call_at(self, steady_at_ms: int, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` on the event loop when the steady time ``steady_at_ms`` has come (soon, if it is past)."""

    def watch_jumps(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` after each jump of the wall clock, when the first reading of the wall time has found it,
        maybe in the middle of a transaction. Returns what ends that; it is idempotent."""


async def sleep_until(clock: Clock, steady_at_ms: int) -> None:
    """Wait until the steady time ``steady_at_ms``."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    timer = clock.call_at(steady_at_ms, lambda: None if future.done() else future.set_result(None))
    try:
        await future
    finally:
        timer.cancel()


async def wait_for(clock: Clock, event: asyncio.Event, until_steady_ms: int) -> bool:
    """Wait for ``event`` until the steady time ``until_steady_ms`` at most; True if the event was set."""
    if event.is_set():
        return True
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    timer = clock.call_at(until_steady_ms, lambda: None if over.done() else over.set_result(None))
    waiter = asyncio.ensure_future(event.wait())
    waiting: set[asyncio.Future[Any]] = {waiter, over}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        waiter.cancel()
    return event.is_set()
