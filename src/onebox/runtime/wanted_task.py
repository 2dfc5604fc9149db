"""A background task that works when it is wanted, and rests in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from onebox.errors import StorageFault


class WantedTask:
    """Does ``work`` after each :meth:`want`, one run at a time.

    A failure is logged, and the next ``want`` tries again, also one that came during the run. When the disk fails, no
    run begins any more: the engine stops then.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], log: logging.Logger, failure: str) -> None:
        """``failure`` is what the log says of a run that failed."""
        self._work = work
        self._log = log
        self._failure = failure
        self._task: asyncio.Task[None] | None = None
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

    def want(self) -> None:
        """There is something to do; during a run, another one follows."""
        self._is_wanted = True
        self._begin()

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._task is not None:
            await self._task

    def _begin(self) -> None:
        if self._is_running and self._is_wanted and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                await self._work()
        except StorageFault:
            self._is_running = False  # the engine stops
        except Exception:  # noqa: BLE001 - the edge of a background task
            self._log.exception("%s", self._failure)
        finally:
            self._task = None
        self._begin()
