"""Ends workers that were not used for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from onebox.clock import Clock, Timer
from onebox.services.lambda_.execution.group import Group
from onebox.services.lambda_.execution.worker import Worker


class IdleSweeper:
    """Looks when the worker that has been idle for longest has been so for ``idle_ms``."""

    def __init__(self, clock: Clock, idle_ms: int, groups: Callable[[], Iterable[Group]]) -> None:
        self._clock = clock
        self._idle_ms = idle_ms
        self._groups = groups
        self._timer: Timer | None = None
        self._stopped = False

    def watch(self) -> None:
        """A worker became idle."""
        if self._timer is None and not self._stopped:
            longest = self.find_longest_idle()
            if longest is not None:
                self._timer = self._clock.call_at(longest.idle_since_ms + self._idle_ms, self._sweep)

    def stop(self) -> None:
        """Watch nothing more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def find_longest_idle(self) -> Worker | None:
        """The worker that has been idle for longest, whichever function it belongs to."""
        idle = [group.idle[0] for group in self._groups() if group.idle]
        return min(idle, key=lambda worker: worker.idle_since_ms, default=None)

    def _sweep(self) -> None:
        self._timer = None
        expired_ms = self._clock.steady_ms() - self._idle_ms
        for group in list(self._groups()):
            for worker in [worker for worker in group.idle if worker.idle_since_ms <= expired_ms]:
                worker.kill()
        self.watch()
