"""When gathered work is done: at once in a quiet moment, and at most every 200 ms under load."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from onebox.clock import Clock

_PACE_MS = 200
_BREATH_S = 0.002


class Pace:
    """Calls ``flush`` after :meth:`wanted`, once for all that was gathered in between."""

    def __init__(self, clock: Clock, flush: Callable[[], None]) -> None:
        self._clock = clock
        self._flush = flush
        self._scheduled: asyncio.Handle | None = None
        self._flushed_ms = -float(_PACE_MS)

    def wanted(self) -> None:
        """There is something to flush."""
        if self._scheduled is not None:
            return
        # The loop's own timer, not the clock's: this paces work, it is no behaviour that tests move time for.
        loop = asyncio.get_running_loop()
        wait_ms = self._flushed_ms + _PACE_MS - self._clock.monotonic_ms()
        if wait_ms <= 0:
            self._scheduled = loop.call_soon(self.flush)
        else:
            self._scheduled = loop.call_later(wait_ms / 1000, self.flush)

    def soon(self) -> None:
        """There is more to flush, after the requests that have arrived meanwhile."""
        if self._scheduled is None:
            self._scheduled = asyncio.get_running_loop().call_later(_BREATH_S, self.flush)

    def flush(self) -> None:
        """Do it now."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        self._flushed_ms = self._clock.monotonic_ms()
        self._flush()
