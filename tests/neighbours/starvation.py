"""How long processes waited for a core: what other programs of the machine add to a wait.

Linux tells it of each thread (``/proc/PID/schedstat``); elsewhere it is 0, and a wait counts whole.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_NANOSECONDS = 1e9
_KEPT = 1_000


class Starvation:
    """The time for which any of some processes' main threads was ready to run and had no core, up to each look."""

    def __init__(self, pids: Iterable[str]) -> None:
        self._pids = tuple(pids)
        self._moments_s: list[float] = []
        self._totals_s: list[float] = []

    def look(self) -> float:
        """Note how long it has been by now, in s."""
        total_s = sum(map(_waited_s, self._pids))
        self._moments_s.append(time.perf_counter())
        self._totals_s.append(total_s)
        if len(self._moments_s) > 2 * _KEPT:
            del self._moments_s[:_KEPT], self._totals_s[:_KEPT]
        return total_s

    def since(self, moment_s: float) -> float:
        """How long it has been since a moment (``perf_counter``), by the last look before it, in s."""
        before_s = self._totals_s[max(0, bisect_right(self._moments_s, moment_s) - 1)]
        return self.look() - before_s  # a look may drop the oldest of the earlier ones


def _waited_s(pid: str) -> float:
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / _NANOSECONDS
    return 0.0
