"""Time, waiting and chance: no other module of this package asks the operating system for them.

Standard library only: this file travels with the function.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Time and waiting."""

    def now_ms(self) -> int:
        """The moment, in milliseconds since the epoch, UTC."""

    def monotonic_ms(self) -> float:
        """For measuring durations."""

    def wait_ms(self, duration_ms: float) -> None:
        """Wait."""

    def jitter_ms(self, limit_ms: float) -> float:
        """A random duration from zero to the limit."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        return time.monotonic_ns() / 1e6

    def wait_ms(self, duration_ms: float) -> None:
        time.sleep(max(0.0, duration_ms) / 1000)

    def jitter_ms(self, limit_ms: float) -> float:
        import random  # rarely needed, and its import would slow every cold start

        return random.uniform(0.0, limit_ms)  # noqa: S311  (spreads retries, guards nothing)
