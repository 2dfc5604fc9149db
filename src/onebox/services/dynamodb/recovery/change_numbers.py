"""The numbers of changes: the steady time in microseconds, made unique. They rise from change to change.

After a restart they may go on up to a second ahead of the time, so that none is given twice whatever the clock says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from onebox.clock import Clock
from onebox.storage.database import Storage
from onebox.storage.reserved_numbers import ReservedNumbers

_PER_MS = 1000
_RESERVED_MS = 1_000
ALWAYS = 2**62
"""Later than every change: a source that does not change any more."""


class ChangeNumbers:
    """Gives each change its number."""

    def __init__(self, clock: Clock, storage: Storage) -> None:
        self._clock = clock
        self._reserved = ReservedNumbers(storage, "dynamodb_changes", _RESERVED_MS * _PER_MS)
        self._last = 0
        self._held_ms: int | None = None

    def resume(self, last: int) -> None:
        """Go on after the numbers that earlier processes may have given, and after ``last``."""
        self._last = max(self._last, last, self._reserved.find_last())

    def take(self) -> int:
        """A number for a change, or for a moment that separates the changes before it from those after it. Inside the
        job that stores it."""
        now_ms = self._clock.steady_ms() if self._held_ms is None else self._held_ms
        self._last = max(self._last + 1, now_ms * _PER_MS)
        self._reserved.use(self._last)
        return self._last

    @contextmanager
    def held(self) -> Iterator[None]:
        """The numbers taken inside are of one millisecond: no point in time lies between the writes of a
        transaction."""
        self._held_ms = self._clock.steady_ms()
        try:
            yield
        finally:
            self._held_ms = None

    def at_wall(self, wall_ms: int) -> int:
        """The last number that belongs to a wall time, as the wall clock is set now."""
        return (wall_ms - self._clock.wall_of(0)) * _PER_MS + _PER_MS - 1

    def age_out(self, age_ms: int) -> int:
        """The last number of changes that are older than an age."""
        return (self._clock.steady_ms() - age_ms) * _PER_MS - 1
