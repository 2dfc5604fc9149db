"""The state of the system, read once and shared by all open pages.

Promises: the system is read only while a page is open, once for all pages; a new page gets the last snapshot at once;
if the system does not answer, the last snapshot stays, with the time of the loss, and reading continues.
Independent of AWS and HTML: reading is a port, and pages render the snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Protocol

from starlette.concurrency import run_in_threadpool

from orders.aws.errors import explain_error, reportable_errors
from orders.clock import Clock
from orders.console.settings import OPEN_WAIT_MS
from orders.monitoring.status import Status

# A closed page is often being reloaded, so reading continues this long without viewers.
LINGER_MS = 10_000
# A page after a change of this console waits so long for a snapshot that shows the change.
CHANGE_WAIT_MS = 2_000


class Reading(Protocol):
    """Reads the system. Its calls block."""

    def read(self, now_ms: int) -> Status: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last known state of the system."""

    number: int = 0
    """Counts snapshots; 0 before the first."""
    status: Status | None = None
    """None until the first answer, and where the last one is old."""
    at_ms: int = 0
    """When the status was read."""
    lost_since_ms: int | None = None
    """When the system stopped answering; None while it answers."""
    reason: str = ""
    """Why it does not answer and what to do, in a sentence."""


class Live:
    """Reads the system while pages are open, and notifies them."""

    def __init__(self, reading: Reading, clock: Clock, every_ms: int, open_wait_ms: int = OPEN_WAIT_MS) -> None:
        self._reading = reading
        self._clock = clock
        self._every_ms = every_ms
        self._open_wait_ms = open_wait_ms
        self._viewers = 0
        self._last_viewed_ms = 0
        self._wanted = asyncio.Event()
        self._changed = asyncio.Condition()
        self._closed = False
        self._nudged = asyncio.Event()
        self._is_reading = False
        self._valid_from = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.snapshot = Snapshot()

    @property
    def viewers(self) -> int:
        """The number of open pages."""
        return self._viewers

    @property
    def is_idle(self) -> bool:
        """Whether reading is paused because no page is open."""
        return not self._wanted.is_set()

    async def run(self) -> None:
        """Read until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._last_viewed_ms = self._clock.now_ms()  # reads the first snapshot before the first page asks
        self._wanted.set()
        while True:
            await self._wanted.wait()
            await self.refresh()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), self._every_ms / 1000)
            self._nudged.clear()
            if not self._viewers and self._clock.now_ms() - self._last_viewed_ms > LINGER_MS:
                self._wanted.clear()

    def invalidate(self) -> None:
        """Read again at once, because this console has changed the system. Any thread may call it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._invalidate)

    def _invalidate(self) -> None:
        # A read that runs already may have missed the change.
        self._valid_from = self.snapshot.number + (2 if self._is_reading else 1)
        self._want()
        self._nudged.set()

    async def refresh(self) -> Snapshot:
        """Read once and notify all pages."""
        self._is_reading = True
        try:
            return await self._read()
        finally:
            self._is_reading = False

    async def _read(self) -> Snapshot:
        now_ms = self._clock.now_ms()
        before = self.snapshot
        try:
            status = await run_in_threadpool(self._reading.read, now_ms)
            snapshot = Snapshot(before.number + 1, status, now_ms)
        except reportable_errors() as error:
            snapshot = replace(
                before,
                number=before.number + 1,
                lost_since_ms=now_ms if before.lost_since_ms is None else before.lost_since_ms,
                reason=explain_error(error),
            )
        except Exception:
            # The background loop survives a bug: it is logged and shown on the page.
            logging.getLogger("orders.console").exception("reading the system failed")
            since_ms = now_ms if before.lost_since_ms is None else before.lost_since_ms
            snapshot = replace(
                before,
                number=before.number + 1,
                lost_since_ms=since_ms,
                reason="The console failed to read the system.",
            )
        self.snapshot = snapshot
        async with self._changed:
            self._changed.notify_all()
        return snapshot

    async def fresh(self) -> Snapshot:
        """A snapshot that is not old, or what there is after the wait: for a page that has just been opened."""
        self._want()
        if self.snapshot.number < self._valid_from:
            await self._wait_for_number(self._valid_from, CHANGE_WAIT_MS)
        elif self._is_old:
            await self._wait_for_number(self.snapshot.number + 1, self._open_wait_ms)
        return self.current

    async def _wait_for_number(self, number: int, wait_ms: float) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wait_until(lambda: self.snapshot.number >= number), wait_ms / 1000)

    @property
    def current(self) -> Snapshot:
        """The last snapshot, without its status if that is old: nothing is shown as current that is not."""
        return replace(self.snapshot, status=None) if self._is_old else self.snapshot

    @property
    def _is_old(self) -> bool:
        """Whether the last read is longer ago than a page would show without a word; a lost endpoint is its word."""
        snapshot = self.snapshot
        if snapshot.lost_since_ms is not None and not self.is_idle:
            return False
        return snapshot.status is None or self._clock.now_ms() - snapshot.at_ms > LINGER_MS + 2 * self._every_ms

    async def follow(self) -> AsyncGenerator[Snapshot, None]:
        """The last snapshot, then each new one, until the console stops or the caller leaves."""
        with self._viewing():
            seen: Snapshot | None = None
            while not self._closed:
                if self.snapshot is not seen:
                    seen = self.snapshot
                    yield seen
                    continue
                async with self._changed:
                    while self.snapshot is seen and not self._closed:
                        await self._changed.wait()

    async def pause(self, duration_ms: float) -> bool:
        """Wait; returns False if the console stopped meanwhile. For other event streams."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wait_until(lambda: self._closed), duration_ms / 1000)
        return not self._closed

    async def _wait_until(self, holds: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or holds())

    async def close(self) -> None:
        """End all following."""
        self._closed = True
        async with self._changed:
            self._changed.notify_all()

    @contextmanager
    def _viewing(self) -> Iterator[None]:
        self._viewers += 1
        self._want()
        try:
            yield
        finally:
            self._viewers -= 1
            self._want()

    def _want(self) -> None:
        self._last_viewed_ms = self._clock.now_ms()
        self._wanted.set()
