"""Syncs of the log for tests: as slow as one says, held up, or failing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import apsw

from onebox.storage.log_sync import LogSync, SyncFile, sync_file
from onebox.storage.sync_pace import SYNCS_LOOKED_AT
from tests.polling import PATIENCE_S


def log_sync(database: Path, connection: apsw.Connection, sync: SyncFile = sync_file, *, slow: bool = False) -> LogSync:
    """The syncs of a database, on the event loop, or beside it for a disk that seems ``slow``."""
    log = LogSync(database, connection, _make_clock(10.0 if slow else 0.0), sync)
    for _ in range(SYNCS_LOOKED_AT if slow else 0):
        log.sync_here()
    assert log.is_slow == slow
    return log


class HeldSync:
    """A sync that, once :meth:`hold` was called, ends when the test says so; it may fail then."""

    def __init__(self) -> None:
        self._may_end = threading.Event()
        self._may_end.set()
        self._begun = threading.Event()
        self._error: OSError | None = None

    def __call__(self, path: Path, file: int) -> None:
        self._begun.set()
        assert self._may_end.wait(PATIENCE_S), "held up for ever"
        if self._error is not None:
            raise self._error
        sync_file(path, file)

    def hold(self) -> None:
        """Let the next sync begin and not end."""
        self._begun.clear()
        self._may_end.clear()

    def wait_until_begun(self) -> None:
        """Return when the next sync has begun."""
        assert self._begun.wait(PATIENCE_S), "no sync has begun"

    def end(self, error: OSError | None = None) -> None:
        """Let it end, with an error if there is one."""
        self._error = error
        self._may_end.set()


def _make_clock(ms_a_reading: float) -> Callable[[], float]:
    readings = itertools.count()
    return lambda: next(readings) * ms_a_reading
