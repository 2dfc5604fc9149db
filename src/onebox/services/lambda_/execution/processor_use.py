"""Whether processes that cannot keep up compute, or wait for something else: a disk, a network, another service.

More processes overlap more of the waiting; where they compute, or want to while others have the processors, more of
them only compete. The event loop counts too: when it is busy, processes wait for onebox itself, and more of them would
wait longer. Linux tells how long each thread had a processor or wanted one; elsewhere (macOS) nothing is known.
https://docs.kernel.org/scheduler/sched-stats.html
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_COMPUTING_SHARE_MAX = 0.5
_LOOP_SHARE_MAX = 0.7
_LOOP_SHARE_MAX_ON_SLOW_DISK = 0.9
"""There each further process makes the groups larger, and so an order cheaper for the loop."""
_NS_PER_MS = 1_000_000


class _Reading(NamedTuple):
    at_ms: float
    loop_ms: float
    """How long the event loop's thread has computed, or wanted to, since its start."""
    process_ms: dict[int, float]
    """The same for each process."""


class ProcessorUse:
    """Looks at the time between two calls. Call it on the event loop's thread."""

    def __init__(self) -> None:
        self._earlier: _Reading | None = None

    def begin(self, now_ms: float, pids: Iterable[int]) -> None:
        """Look at these processes from ``now_ms`` on, a moment on the monotonic clock."""
        self._earlier = _read(now_ms, pids)

    def is_low(self, now_ms: float, *, disk_is_slow: bool) -> bool:
        """Whether neither the processes nor the loop have computed much since :meth:`begin`; False if that is
        unknown."""
        earlier, self._earlier = self._earlier, None
        if earlier is None or now_ms <= earlier.at_ms:
            return False
        now = _read(now_ms, earlier.process_ms)
        if now is None or not now.process_ms:
            return False
        took_ms = now.at_ms - earlier.at_ms
        loop_share_max = _LOOP_SHARE_MAX_ON_SLOW_DISK if disk_is_slow else _LOOP_SHARE_MAX
        computed_ms = sum(used_ms - earlier.process_ms[pid] for pid, used_ms in now.process_ms.items())
        return (
            computed_ms <= _COMPUTING_SHARE_MAX * took_ms * len(now.process_ms)
            and now.loop_ms - earlier.loop_ms <= loop_share_max * took_ms
        )


def _read(now_ms: float, pids: Iterable[int]) -> _Reading | None:
    loop_ms = _used_ms(Path(f"/proc/self/task/{threading.get_native_id()}/schedstat"))
    if loop_ms is None:
        return None
    used = {pid: _used_ms(Path(f"/proc/{pid}/schedstat")) for pid in pids}
    return _Reading(now_ms, loop_ms, {pid: used_ms for pid, used_ms in used.items() if used_ms is not None})


def _used_ms(path: Path) -> float | None:
    try:
        had_ns, wanted_ns, _ = path.read_bytes().split()
    except (OSError, ValueError):
        return None  # the process has ended, or this system does not tell
    return (int(had_ns) + int(wanted_ns)) / _NS_PER_MS
