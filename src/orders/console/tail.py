"""The end of OrderProcessor's log, read once for all open pages.

Promises: the log is read only while somebody looks; each line is told once; memory is bounded, whatever is logged. A
page that falls behind, or a second with more lines than are kept, loses the oldest of them: the search has them all.
Knows nothing of AWS and HTML.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import islice
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool

from orders.aws.errors import describe_error, reportable_errors
from orders.clock import Clock
from orders.function_log.lines import Entry, LogLine, read_entry

# Lines arrive out of order by a little: each look goes back so far, and leaves out what was told.
LOOK_BACK_MS = 10_000
KEPT = 500


class News(NamedTuple):
    """What came since the last one: lines, oldest first, and why the log does not answer, empty while it does."""

    entries: list[Entry]
    problem: str


class Tail:
    """``read`` gives the lines from a moment on, oldest first; it blocks."""

    def __init__(self, read: Callable[[int], Sequence[LogLine]], clock: Clock, every_ms: int) -> None:
        self._read = read
        self._clock = clock
        self._every_ms = every_ms
        self._viewers = 0
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._closed = False
        self._lines: deque[Entry] = deque(maxlen=KEPT)
        self._told = 0
        self._seen: dict[str, int] = {}
        self._problem = ""

    @property
    def told(self) -> int:
        """How many lines there were so far, the forgotten ones too."""
        return self._told

    async def follow(self, told: int) -> AsyncGenerator[News, None]:
        """The lines behind so many, as they come, until the console ends or the caller leaves."""
        self._viewers += 1
        if self._reader is None:
            self._reader = asyncio.create_task(self._run())
        problem = ""
        try:
            while not self._closed:
                async with self._changed:
                    while not self._closed and told == self._told and problem == self._problem:
                        await self._changed.wait()
                if self._closed:
                    return
                news = islice(self._lines, max(0, len(self._lines) - (self._told - told)), None)
                told, problem = self._told, self._problem
                yield News(list(news), problem)
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

    async def look(self, since_ms: int) -> int:
        """Read once and tell the pages; from when on to read the next time."""
        problem = ""
        lines: Sequence[LogLine] = ()
        try:
            lines = await run_in_threadpool(self._read, since_ms)
        except reportable_errors() as error:
            problem = " ".join(describe_error(error)).strip()
        except Exception:
            # A background loop outlives one failure, which is a bug of ours: it is told in the log and on the page.
            logging.getLogger("orders.console").exception("reading the log failed")
            problem = "The console failed to read the log."
        fresh = [read_entry(line) for line in lines if line.event_id not in self._seen]
        self._seen.update((entry.event_id, entry.at_ms) for entry in fresh)
        since_ms = max(since_ms, max(self._seen.values(), default=0) - LOOK_BACK_MS)
        self._seen = {event_id: at_ms for event_id, at_ms in self._seen.items() if at_ms >= since_ms}
        if fresh or problem != self._problem:
            self._lines.extend(fresh)
            self._told += len(fresh)
            self._problem = problem
            async with self._changed:
                self._changed.notify_all()
        return since_ms

    async def _run(self) -> None:
        since_ms = self._clock.now_ms() - LOOK_BACK_MS
        while True:
            since_ms = await self.look(since_ms)
            await asyncio.sleep(self._every_ms / 1000)

    def _stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None
