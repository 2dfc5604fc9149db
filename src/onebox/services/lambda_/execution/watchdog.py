"""A timer for deadlines that move: one timer serves many invocations, and is moved on when it rings too early."""

from __future__ import annotations

from collections.abc import Callable

from onebox.clock import Clock, Timer


class Watchdog:
    """Calls ``expired`` when the deadline that ``find_deadline_ms`` gives has passed; None is no deadline."""

    def __init__(self, clock: Clock, find_deadline_ms: Callable[[], int | None], expired: Callable[[], None]) -> None:
        self._clock = clock
        self._find_deadline_ms = find_deadline_ms
        self._expired = expired
        self._timer: Timer | None = None
        self._rings_at_ms = 0

    def watch(self, at_ms: int) -> None:
        """A deadline was set."""
        if self._timer is not None:
            if self._rings_at_ms <= at_ms:
                return
            self._timer.cancel()
        self._rings_at_ms = at_ms
        self._timer = self._clock.call_at(at_ms, self._rang)

    def cancel(self) -> None:
        """Watch nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rang(self) -> None:
        self._timer = None
        deadline_at_ms = self._find_deadline_ms()
        if deadline_at_ms is None:
            return
        if self._clock.steady_ms() < deadline_at_ms:
            self.watch(deadline_at_ms)
        else:
            self._expired()
