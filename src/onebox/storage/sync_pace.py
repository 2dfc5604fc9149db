"""Decide from measured times where a sync of the log runs: on the event loop or beside it.

On the loop a sync costs its own time, during which nothing else runs. Beside the loop it costs two changes of thread,
about 0.1 ms of processor time, and lets the next group gather meanwhile. So the disk decides. Single slow syncs happen
on every disk, therefore the middle of the last sixteen counts. A time that was measured beside the loop includes the
wait for Python's lock, therefore the quarter of the fastest ones leads back.
"""

from __future__ import annotations

from collections import deque

SYNCS_LOOKED_AT = 16
SLOW_MS = 1.0
FAST_MS = 0.5


class SyncPace:
    """Whether the disk is slow."""

    def __init__(self) -> None:
        self._times_ms: deque[float] = deque(maxlen=SYNCS_LOOKED_AT)
        self.is_slow = False
        """Whether a sync should run beside the event loop."""

    def add(self, took_ms: float) -> None:
        """Note how long a sync took."""
        times_ms = self._times_ms
        times_ms.append(took_ms)
        if self.is_slow:
            self.is_slow = len(times_ms) < SYNCS_LOOKED_AT or sorted(times_ms)[SYNCS_LOOKED_AT // 4 - 1] > FAST_MS
        elif took_ms > SLOW_MS and len(times_ms) == SYNCS_LOOKED_AT:
            self.is_slow = sorted(times_ms)[SYNCS_LOOKED_AT // 2 - 1] > SLOW_MS
