"""Time, handed in: no other module asks the operating system for it.

Moments are milliseconds since the epoch (``_at_ms``), durations milliseconds (``_ms``). Waiting goes through the
clock as well, so that a test moves time by hand (:class:`onebox.testing.ManualClock`) and never sleeps.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A callback that will run; ``cancel`` is idempotent and harmless after it ran."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    def now_ms(self) -> int:
        """The moment, in milliseconds since the epoch, UTC."""

    def monotonic_ms(self) -> float:
        """Milliseconds since some fixed moment; for measuring durations, never moved by hand."""

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` on the event loop when ``at_ms`` has come (soon, if it is past)."""


class SystemClock:
    """The machine's clock and the running event loop's timers."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        return time.monotonic_ns() / 1e6

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        # Rounded up by a millisecond: a timer must not fire before ``now_ms`` says that the moment has come.
        delay_s = max(0, at_ms - self.now_ms() + 1) / 1000
        return asyncio.get_running_loop().call_later(delay_s, callback)


async def sleep_until(clock: Clock, at_ms: int) -> None:
    """Wait until the clock says ``at_ms``."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    timer = clock.call_at(at_ms, lambda: None if future.done() else future.set_result(None))
    try:
        await future
    finally:
        timer.cancel()


async def wait_for(clock: Clock, event: asyncio.Event, until_ms: int) -> bool:
    """Wait for ``event`` until ``until_ms`` at most; True if the event was set."""
    if event.is_set():
        return True
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    timer = clock.call_at(until_ms, lambda: None if over.done() else over.set_result(None))
    waiter = asyncio.ensure_future(event.wait())
    waiting: set[asyncio.Future[Any]] = {waiter, over}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        waiter.cancel()
    return event.is_set()
