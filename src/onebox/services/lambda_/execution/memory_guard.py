"""The memory a function may use, watched from outside.

Linux counts a child's resident memory for us; four times a second it is compared with MemorySize for every
invocation that has run that long, and a child above it is killed, as Lambda's sandbox does. A shorter overstep goes
unpunished but shows in REPORT. Not a limit on address space: that would fail functions that only reserve much.
Where the system doesn't tell a process's memory (macOS), there is no limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from onebox.services.lambda_.execution.worker import Worker

_INTERVAL_S = 0.25


class MemoryGuard:
    """Looks at the busy children while there are any."""

    def __init__(self, busy_workers: Callable[[], Iterable[Worker]]) -> None:
        self._busy_workers = busy_workers
        self._seen: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """An invocation begins."""
        if self._timer is None:
            # The loop's own timer: the memory of real processes knows nothing of simulated time.
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL_S, self._look)

    def stop(self) -> None:
        """No longer look."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        running = {worker.request_id: worker for worker in self._busy_workers()}
        for request_id in self._seen.intersection(running):
            running[request_id].kill_if_over_memory()
        self._seen = set(running)
        if running:
            self.watch()
