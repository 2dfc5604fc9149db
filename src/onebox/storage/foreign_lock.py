"""The write lock in the hands of another program: one probe looks whether it is free, the others wait for it.

The first attempt of a job may wait for a few milliseconds on the event loop. After that nobody tries for himself:
otherwise each waiting request would hold the loop up at each of its attempts, and with it the reads, which could go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from onebox.storage.faults import DatabaseBusy

PROBE_S = 0.02
_WOKEN_AT_ONCE = 20

_log = logging.getLogger("onebox.storage")


class ForeignLock:
    """Those who wait until the write lock is free."""

    def __init__(self, try_lock: Callable[[], bool]) -> None:
        """``try_lock`` tries to take the lock without waiting; True if it is taken, or if waiting has no sense."""
        self._try_lock = try_lock
        self._probe: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_held(self) -> bool:
        """Whether another program held the lock when it was tried last."""
        return self._probe is not None

    def found(self) -> None:
        """Another program holds the lock: begin to probe."""
        if self._probe is None:
            _log.warning("%s", DatabaseBusy())
            self._probe = asyncio.get_running_loop().create_task(self._run())

    async def wait(self, timeout_s: float) -> None:
        """Return when the lock is free, or when the time is up."""
        if self._probe is None:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await asyncio.wait((future,), timeout=timeout_s)
        future.cancel()

    def stop(self) -> None:
        """Probe no more; those who wait go on. Idempotent."""
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
        while self._waiting:
            self._wake_one()

    async def _run(self) -> None:
        while not self._try_lock():
            await asyncio.sleep(PROBE_S)
        self._probe = None
        # In slices: thousands may have gathered, and other requests come in between.
        while self._waiting:
            for _ in range(min(len(self._waiting), _WOKEN_AT_ONCE)):
                self._wake_one()
            await asyncio.sleep(0)

    def _wake_one(self) -> None:
        future = self._waiting.popleft()
        if not future.done():
            future.set_result(None)
