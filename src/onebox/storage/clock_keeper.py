"""Keep the steady time in the database, so that the next process goes on with it."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.steady_clock import ClockState, SteadyClock
from onebox.storage.database import Storage

KEEP_EVERY_MS = 60_000

_COLUMNS = "boot_id, elapsed_ms, steady_ms, wall_ms, untrusted_ms, trusted_at_ms"


def resume_clock(connection: apsw.Connection, clock: SteadyClock) -> None:
    """Let the clock go on from what the last process kept, if there was one."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM storage_clock").fetchone()
    if row is not None:
        clock.resume(ClockState(*row))


class ClockKeeper:
    """Keeps the clock's state each minute, after each jump, and at the end."""

    def __init__(self, storage: Storage, clock: SteadyClock) -> None:
        self._storage = storage
        self._clock = clock
        self._timer: Timer | None = None
        self._unwatch: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin."""
        self._unwatch = self._clock.watch_jumps(self._keep_soon)
        self._keep()

    def stop(self) -> None:
        """Keep the last state. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._unwatch()
            if not self._storage.has_failed:
                self._storage.run_patiently(self._save)

    def _keep_soon(self) -> None:
        # A jump is found while somebody reads the clock, maybe in the middle of a transaction.
        self._arm(0)

    def _keep(self) -> None:
        try:
            self._storage.run_patiently(self._save)
        except StorageFault:
            return  # the engine stops
        self._arm(KEEP_EVERY_MS)

    def _arm(self, pause_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, self._keep)

    def _save(self) -> None:
        state = self._clock.state()
        self._storage.execute(
            f"INSERT OR REPLACE INTO storage_clock (id, {_COLUMNS}) VALUES (1, ?, ?, ?, ?, ?, ?)",
            (
                state.boot_id,
                state.elapsed_ms,
                state.steady_ms,
                state.wall_ms,
                state.untrusted_ms,
                state.trusted_at_ms,
            ),
        )
