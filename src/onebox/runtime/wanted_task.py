"""A background task that works when it is wanted, and rests in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from onebox.clock import Clock, Timer
from onebox.errors import StorageFault
from onebox.storage.faults import DatabaseBusy

PAUSE_AFTER_FAILURE_MS = 10_000


class WantedTask:
    """Does ``work`` after each :meth:`want`, one run at a time.

    A run that fails is made again when a pause is over. When the disk fails, no run begins any more: the engine stops
    then.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], clock: Clock, log: logging.Logger, what: str) -> None:
        """``what`` names the work in the log."""
        self._work = work
        self._clock = clock
        self._log = log
        self._what = what
        self._task: asyncio.Task[None] | None = None
        self._pause: Timer | None = None
        """The pause after a failure."""
        self._is_running = False
        self._is_wanted = False

    def start(self) -> None:
        """Begin to work: now, if it was wanted before."""
        self._is_running = True
        self._begin()

    async def stop(self) -> None:
        """Nothing runs afterwards. Idempotent."""
        self._is_running = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def want(self) -> None:
        """There is something to do; during a run, another one follows."""
        self._is_wanted = True
        self._begin()

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._task is not None:
            await self._task

    def _begin(self) -> None:
        if self._is_running and self._is_wanted and self._task is None and self._pause is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                await self._work()
        except StorageFault:
            self._is_running = False  # the engine stops
        except DatabaseBusy:
            self._try_again_later()  # said where it was found
        except Exception:  # noqa: BLE001 - the edge of a background task
            self._log.exception("%s failed; trying again in %d s", self._what, PAUSE_AFTER_FAILURE_MS // 1000)
            self._try_again_later()
        finally:
            self._task = None
        self._begin()

    def _try_again_later(self) -> None:
        self._is_wanted = True
        self._pause = self._clock.call_at(self._clock.steady_ms() + PAUSE_AFTER_FAILURE_MS, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self._begin()
