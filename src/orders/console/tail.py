"""The end of OrderProcessor's log, read once for all pages that follow it.

Promises: the log is read only while a page follows it; each line is delivered once; memory is bounded. If more than
KEPT lines arrive before a page reads them, the page misses the oldest; the search finds all.
Independent of AWS and HTML.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import islice
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool

from orders.aws.errors import explain_error, reportable_errors
from orders.clock import Clock
from orders.function_log.lines import Entry, LogLine, read_entry

# Lines may arrive slightly out of order: each read overlaps the previous one this much and skips known lines.
OVERLAP_MS = 10_000
KEPT = 500


class NewLines(NamedTuple):
    """New lines, oldest first, and why the log does not answer (empty while it does)."""

    entries: list[Entry]
    problem: str


class Tail:
    """``read`` returns the lines since a time, oldest first; it blocks."""

    def __init__(self, read: Callable[[int], Sequence[LogLine]], clock: Clock, every_ms: int) -> None:
        self._read = read
        self._clock = clock
        self._every_ms = every_ms
        self._viewers = 0
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._closed = False
        self._lines: deque[Entry] = deque(maxlen=KEPT)
        self._position = 0
        self._seen: dict[str, int] = {}
        self._problem = ""

    @property
    def position(self) -> int:
        """The number of lines read so far, dropped ones included."""
        return self._position

    async def follow(self, position: int) -> AsyncGenerator[NewLines, None]:
        """The lines after a position as they arrive, until the console stops or the caller leaves."""
        self._viewers += 1
        if self._reader is None:
            self._reader = asyncio.create_task(self._run())
        problem = ""
        try:
            while not self._closed:
                async with self._changed:
                    while not self._closed and position == self._position and problem == self._problem:
                        await self._changed.wait()
                if self._closed:
                    return
                fresh = islice(self._lines, max(0, len(self._lines) - (self._position - position)), None)
                position, problem = self._position, self._problem
                yield NewLines(list(fresh), problem)
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._stop()

    async def close(self) -> None:
        """End all following."""
        self._closed = True
        self._stop()
        async with self._changed:
            self._changed.notify_all()

    async def refresh(self, since_ms: int) -> int:
        """Read once and notify the pages; returns the start time of the next read."""
        problem = ""
        lines: Sequence[LogLine] = ()
        try:
            lines = await run_in_threadpool(self._read, since_ms)
        except reportable_errors() as error:
            problem = explain_error(error)
        except Exception:
            # The background loop survives a bug: it is logged and shown on the page.
            logging.getLogger("orders.console").exception("reading the log failed")
            problem = "The console failed to read the log."
        fresh = [read_entry(line) for line in lines if line.event_id not in self._seen]
        self._seen.update((entry.event_id, entry.at_ms) for entry in fresh)
        since_ms = max(since_ms, max(self._seen.values(), default=0) - OVERLAP_MS)
        self._seen = {event_id: at_ms for event_id, at_ms in self._seen.items() if at_ms >= since_ms}
        if fresh or problem != self._problem:
            self._lines.extend(fresh)
            self._position += len(fresh)
            self._problem = problem
            async with self._changed:
                self._changed.notify_all()
        return since_ms

    async def _run(self) -> None:
        since_ms = self._clock.now_ms() - OVERLAP_MS
        while True:
            since_ms = await self.refresh(since_ms)
            await asyncio.sleep(self._every_ms / 1000)

    def _stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None
