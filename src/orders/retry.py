"""Full-jitter exponential back-off.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
Standard library only: this file is part of the function's package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from orders.clock import Clock

# Keeps the power small however long the retries go on; every cap is reached long before.
DOUBLINGS_MAX = 16


class Backoff(NamedTuple):
    """The waits between attempts: random, up to a limit that doubles with each attempt."""

    base_ms: float
    cap_ms: float

    def wait_ms(self, attempt: int, clock: Clock) -> float:
        """How long to wait after so many failed attempts before the next; drawn from the clock's random source."""
        return clock.jitter_ms(min(self.cap_ms, self.base_ms * 2 ** min(attempt, DOUBLINGS_MAX)))
