"""Wall time, and a steady time beside it that does not notice when somebody sets the machine's clock.

The steady time is the time since the machine's boot (sleep included) plus a constant. At each reading of the wall time
the two are compared. Where they moved apart by more than a second, the wall clock was set: the jump is logged, steady
time goes on, and for an hour nothing is deleted because of the new date (:meth:`SteadyClock.trusted_ms`). A state that
is kept on disk (:class:`ClockState`) lets the next process go on: exactly within the same boot of the machine, after
another boot by the wall time, unless that went back meanwhile.
Linux: https://man7.org/linux/man-pages/man2/clock_gettime.2.html
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from onebox.clock import Timer

JUMP_MS = 1_000
"""Differences above it are jumps: logged, and deleting waits. Smaller ones are corrections of the clock's rate."""
TRUST_AFTER_MS = 3_600_000
"""How long after a jump the new date deletes nothing."""

_STEP_NS = 100_000_000
_BOTH_READ_WITHIN_NS = 5_000_000
_READINGS_MAX = 20
_TIMER_MS_MAX = 60_000
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_log = logging.getLogger("onebox.clock")


class ClockSource(Protocol):
    """The two clocks of a machine."""

    boot_id: str
    """Different for each boot of the machine; empty if it is unknown."""

    def wall_ns(self) -> int:
        """The wall time: nanoseconds since the epoch."""

    def elapsed_ns(self) -> int:
        """Nanoseconds since some moment that stays the same until the machine's next boot."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the next process needs to go on with the same steady time."""

    boot_id: str
    elapsed_ms: int
    steady_ms: int
    wall_ms: int
    """The wall time that belongs to ``elapsed_ms`` by the last comparison."""
    untrusted_ms: int
    trusted_at_ms: int


class SteadyClock:
    """A :class:`onebox.clock.Clock` over two clocks of a machine."""

    def __init__(self, source: ClockSource) -> None:
        self._source = source
        self._read_wall, self._read_elapsed = source.wall_ns, source.elapsed_ns
        self._wall_base_ns = self._base_ns = self._measure_base()
        """Wall time and steady time minus the elapsed time."""
        self._untrusted_ms = 0
        """The sum of the jumps that are not trusted yet."""
        self._trusted_at_ms = 0
        self._jump_watchers: dict[object, Callable[[], None]] = {}

    def now_ms(self) -> int:
        """See :class:`onebox.clock.Clock`."""
        wall_ns = self._read_wall()
        if not -_STEP_NS < wall_ns - self._read_elapsed() - self._wall_base_ns < _STEP_NS:
            self._follow_wall()
        return wall_ns // 1_000_000

    def steady_ms(self) -> int:
        """See :class:`onebox.clock.Clock`."""
        return (self._read_elapsed() + self._base_ns) // 1_000_000

    def wall_of(self, steady_at_ms: int) -> int:
        """See :class:`onebox.clock.Clock`."""
        return steady_at_ms + (self._wall_base_ns - self._base_ns) // 1_000_000

    def trusted_ms(self) -> int:
        """See :class:`onebox.clock.Clock`."""
        now_ms = self.now_ms()
        if self._untrusted_ms and self.steady_ms() >= self._trusted_at_ms:
            self._untrusted_ms = 0
        return now_ms - max(0, self._untrusted_ms)

    def monotonic_ms(self) -> float:
        """See :class:`onebox.clock.Clock`."""
        return time.monotonic_ns() / 1e6

    def call_at(self, steady_at_ms: int, callback: Callable[[], None]) -> Timer:
        """See :class:`onebox.clock.Clock`."""
        # Rounded up by a millisecond: a timer must not fire before ``steady_ms`` says that the moment has come.
        delay_ms = max(0, steady_at_ms - self.steady_ms() + 1)
        if delay_ms <= _TIMER_MS_MAX:
            return asyncio.get_running_loop().call_later(delay_ms / 1000, callback)
        return _LongTimer(self, steady_at_ms, callback)

    def watch_jumps(self, callback: Callable[[], None]) -> Callable[[], None]:
        """See :class:`onebox.clock.Clock`."""
        key = object()
        self._jump_watchers[key] = callback

        def end() -> None:
            self._jump_watchers.pop(key, None)

        return end

    def state(self) -> ClockState:
        """The state to keep."""
        self.now_ms()
        elapsed_ns = self._read_elapsed()
        return ClockState(
            boot_id=self._source.boot_id,
            elapsed_ms=elapsed_ns // 1_000_000,
            steady_ms=(elapsed_ns + self._base_ns) // 1_000_000,
            wall_ms=(elapsed_ns + self._wall_base_ns) // 1_000_000,
            untrusted_ms=self._untrusted_ms,
            trusted_at_ms=self._trusted_at_ms,
        )

    def resume(self, kept: ClockState) -> None:
        """Go on from the state that an earlier process kept; before anything reads the clock."""
        self._untrusted_ms, self._trusted_at_ms = kept.untrusted_ms, kept.trusted_at_ms
        wall_ms, elapsed_ms = self._read_wall() // 1_000_000, self._read_elapsed() // 1_000_000
        same_boot = bool(kept.boot_id) and kept.boot_id == self._source.boot_id and elapsed_ms >= kept.elapsed_ms
        # After another boot only the wall clock can tell how long the machine was off.
        passed_ms = elapsed_ms - kept.elapsed_ms if same_boot else max(0, wall_ms - kept.wall_ms)
        self._base_ns = (kept.steady_ms + passed_ms - elapsed_ms) * 1_000_000
        self._wall_base_ns = (kept.wall_ms + passed_ms - elapsed_ms) * 1_000_000
        self._follow_wall()

    def _follow_wall(self) -> None:
        base_ns = self._measure_base()
        jump_ms = (base_ns - self._wall_base_ns) // 1_000_000
        self._wall_base_ns = base_ns
        if abs(jump_ms) < JUMP_MS:
            return
        self._untrusted_ms += jump_ms
        self._trusted_at_ms = self.steady_ms() + TRUST_AFTER_MS
        _log.warning("%s", _describe_jump(jump_ms))
        for callback in list(self._jump_watchers.values()):
            callback()

    def _measure_base(self) -> int:
        """Wall time minus elapsed time, from readings between which the process was not held up."""
        best_ns, base_ns = -1, 0
        for _ in range(_READINGS_MAX):
            before_ns, wall_ns = self._read_elapsed(), self._read_wall()
            took_ns = self._read_elapsed() - before_ns
            if best_ns < 0 or took_ns < best_ns:
                best_ns, base_ns = took_ns, wall_ns - before_ns
            if took_ns < _BOTH_READ_WITHIN_NS:
                break
        return base_ns


class SystemSource:
    """The clocks of this machine."""

    def __init__(self) -> None:
        self.boot_id = ""
        with contextlib.suppress(OSError):
            self.boot_id = _BOOT_ID.read_text().strip()
        self.wall_ns: Callable[[], int] = time.time_ns
        self.elapsed_ns: Callable[[], int] = _find_elapsed_clock()


class SystemClock(SteadyClock):
    """The clock of this machine."""

    def __init__(self) -> None:
        super().__init__(SystemSource())


class _LongTimer:
    """A timer in stages: the event loop's own clock stands still while the machine sleeps."""

    def __init__(self, clock: SteadyClock, steady_at_ms: int, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._at_ms = steady_at_ms
        self._callback = callback
        self._stage: Timer = self._next_stage()

    def cancel(self) -> None:
        self._stage.cancel()

    def _next_stage(self) -> Timer:
        left_ms = max(0, self._at_ms - self._clock.steady_ms() + 1)
        step = self._callback if left_ms <= _TIMER_MS_MAX else self._go_on
        return asyncio.get_running_loop().call_later(min(left_ms, _TIMER_MS_MAX) / 1000, step)

    def _go_on(self) -> None:
        self._stage = self._next_stage()


def _find_elapsed_clock() -> Callable[[], int]:
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    if boot_clock is not None:
        with contextlib.suppress(OSError):
            time.clock_gettime_ns(boot_clock)
            return partial(time.clock_gettime_ns, boot_clock)
    return time.monotonic_ns


def _describe_jump(jump_ms: int) -> str:
    size = timedelta(milliseconds=abs(jump_ms))
    text = f"jump of the wall clock {'forward' if jump_ms > 0 else 'back'} by {size} noticed; durations are unaffected"
    if jump_ms > 0:
        text += f"; nothing is deleted because of the new date for {timedelta(milliseconds=TRUST_AFTER_MS)}"
    return text
