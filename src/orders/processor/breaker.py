"""Whether the table is worth a call: an environment that found it unusable asks again once a second at most.

Without it each batch of an outage would try for seconds; with it a batch costs one call of the table, or none. The
second is short, because an order that is set aside unasked just after the outage waits for its whole next pause.
Standard library only: this file travels with the function.
"""

from __future__ import annotations

from orders.errors import OrderUnavailable

PROBE_MS = 1_000.0


class Breaker:
    """Closed while the table answers. Open, it lets one batch through after each pause."""

    def __init__(self) -> None:
        self.error: OrderUnavailable | None = None
        """Why the table could not be used the last time; None while it can."""
        self._probe_at_ms = 0.0

    @property
    def is_open(self) -> bool:
        return self.error is not None

    def refuses(self, now_ms: float) -> bool:
        """Whether the table is not to be called now (on the monotonic clock)."""
        return self.error is not None and now_ms < self._probe_at_ms

    def record_failure(self, error: OrderUnavailable, now_ms: float) -> None:
        """No order of a batch could be stored, for the table's sake."""
        self._probe_at_ms = now_ms + PROBE_MS
        self.error = error

    def record_success(self) -> None:
        """The table answered."""
        self.error = None
