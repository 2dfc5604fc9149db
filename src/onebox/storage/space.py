"""Give the space of deleted rows back to the disk, in slices that delay nobody.

Deleting a table or a log group leaves free pages in the file. While there are many of them, a slice moves a few pages
from the end of the file into the gaps and cuts the file; the rest of the work is done by the next checkpoint. Some
free pages are kept, so that a busy system does not give back today what it needs again in a second.
SQLite: https://www.sqlite.org/pragma.html#pragma_incremental_vacuum
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from onebox.clock import Clock, Timer
from onebox.errors import StorageFault
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

FREE_PAGES_KEPT = 5_000  # 10 MB
FREE_SHARE_KEPT = 0.1
PAGES_A_SLICE = 200
PAUSE_MS = 20
LOOK_EVERY_MS = 5_000

_log = logging.getLogger("onebox.storage")


class SpaceKeeper:
    """Looks every few seconds whether there is space to give back."""

    def __init__(self, storage: Storage, clock: Clock, checkpoint_soon: Callable[[], None]) -> None:
        """``checkpoint_soon`` has the next commit followed by a checkpoint, whatever the length of the log."""
        self._storage = storage
        self._clock = clock
        self._checkpoint_soon = checkpoint_soon
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to look."""
        self._wait(LOOK_EVERY_MS)

    def stop(self) -> None:
        """End between two slices."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, pause_ms: int) -> None:
        self._timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, self._look)

    def _look(self) -> None:
        began_ms = self._clock.monotonic_ms()
        try:
            excess = self._count_excess()
            if excess:
                self._storage.run(lambda: self._give_back(excess))
        except DatabaseBusy:
            excess = 0
        except StorageFault:
            return  # the engine stops
        # On a slow or busy machine the pause grows with the slice, so that most of the time belongs to requests.
        pause_ms = max(PAUSE_MS, 2 * int(self._clock.monotonic_ms() - began_ms))
        self._wait(pause_ms if excess > PAGES_A_SLICE else LOOK_EVERY_MS)

    def _count_excess(self) -> int:
        free = self._read("freelist_count")
        if free <= FREE_PAGES_KEPT:
            return 0
        return max(0, free - max(FREE_PAGES_KEPT, int(self._read("page_count") * FREE_SHARE_KEPT)))

    def _read(self, pragma: str) -> int:
        return int(self._storage.all(f"PRAGMA {pragma}")[0][0])

    def _give_back(self, excess: int) -> None:
        pages = min(excess, PAGES_A_SLICE)
        if pages == excess:
            self._checkpoint_soon()  # the last slice: the file itself is cut by a checkpoint only
        self._storage.all(f"PRAGMA incremental_vacuum({pages})")
