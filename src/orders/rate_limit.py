"""How many orders a second are sent at most."""

from __future__ import annotations

from orders.clock import Clock


class RateLimiter:
    """Tells when the next orders may go. Time lost is not made up for, so the rate is never exceeded afterwards.

    ``rate`` is in orders a second; with None nothing is waited for.
    """

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._due_ms = clock.monotonic_ms()

    def batch_size(self, most: int) -> int:
        """How many of ``most`` to send in one call: at a low rate fewer, so that orders flow and do not burst."""
        return most if self._rate is None else max(1, min(most, int(self._rate / 10)))

    def wait(self, orders: int) -> None:
        """Return when so many more may go."""
        if self._rate is None:
            return
        self._clock.wait_ms(self._due_ms - self._clock.monotonic_ms())
        self._due_ms = max(self._due_ms, self._clock.monotonic_ms()) + orders * 1000 / self._rate
