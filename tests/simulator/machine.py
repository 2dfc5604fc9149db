"""The simulated machine's clocks: time passes only when the simulator says so."""

from __future__ import annotations

import random

from onebox.steady_clock import SteadyClock

START_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
NS_A_SECOND = 1_000_000_000


class Machine:
    """A :class:`onebox.steady_clock.ClockSource` in nanoseconds, and the seed of all chance in a run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.boot_id = "boot-0"
        self._boots = 0
        self._booted_ns = 0
        self._offset_ns = START_NS
        self.passed_ns = 0
        """Time since the begin of the run, through all boots."""

    def chance(self, purpose: str) -> random.Random:
        """A generator of its own for each purpose, so that one more draw for one does not change the others."""
        return random.Random(f"{self.seed}/{purpose}")

    def wall_ns(self) -> int:
        """See :class:`onebox.steady_clock.ClockSource`."""
        return self.passed_ns + self._offset_ns

    def elapsed_ns(self) -> int:
        """See :class:`onebox.steady_clock.ClockSource`."""
        return self.passed_ns - self._booted_ns

    def pass_until(self, moment_ns: int) -> None:
        """Time passes; a moment that is past changes nothing."""
        self.passed_ns = max(self.passed_ns, moment_ns)

    def set_wall(self, by_ns: int) -> None:
        """Somebody sets the wall clock, forward or back."""
        self._offset_ns += by_ns

    def boot(self) -> None:
        """The machine starts again."""
        self._boots += 1
        self.boot_id = f"boot-{self._boots}"
        self._booted_ns = self.passed_ns


class MachineClock(SteadyClock):
    """onebox's clock on that machine. Durations are measured on it too, so that none depends on the real processor."""

    def monotonic_ms(self) -> float:
        """See :class:`onebox.clock.Clock`."""
        return self._source.elapsed_ns() / 1e6
