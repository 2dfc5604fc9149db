"""Bring committed groups to disk: the sync of the write-ahead log, on the event loop or beside it.

SQLite writes a commit into the log and does not sync it (``synchronous=NORMAL``); the sync is ours. On a fast disk it
runs on the loop, as SQLite would do it. On a slow one a thread does it and the loop goes on; :class:`SyncPace` decides
which. The rest of what power loss needs is SQLite's: a checkpoint syncs the log before it writes to the database file,
and the database file before the log starts over; the header of a log that starts over is synced before its frames.

A sync that fails ends the process, as a failed commit does: the operating system may have dropped what it could not
write, so a second sync that succeeds proves nothing.
SQLite: https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import apsw

from onebox.storage.log_file import LogMark, log_path
from onebox.storage.sync_pace import SyncPace

SyncFile = Callable[[Path, int], None]
"""Returns when what was written to the file of a path and a descriptor is on disk; raises OSError."""
Done = Callable[["Exception | None"], None]

_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


def sync_file(_path: Path, file: int) -> None:
    """Sync an open file, as SQLite would."""
    _sync(file)


class _Outcome(NamedTuple):
    error: Exception | None
    took_ms: float


class LogSync:
    """Syncs the log of one database, at most one sync at a time."""

    def __init__(
        self,
        database: Path,
        connection: apsw.Connection,
        monotonic_ms: Callable[[], float],
        sync: SyncFile = sync_file,
    ) -> None:
        """Take the sync of commits over from ``connection``, whose log must exist."""
        self._monotonic_ms = monotonic_ms
        self.sync_file = sync
        self._pace = SyncPace()
        self._threads: ThreadPoolExecutor | None = None
        self._done: Done | None = None
        self._outcome: _Outcome | None = None
        """Of the sync beside the loop that has ended, until ``_done`` is called."""
        self._path = log_path(database)
        # One descriptor for all syncs: another one might miss an error of an earlier write.
        self._file = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._mark = LogMark(database)
        connection.execute("PRAGMA synchronous = NORMAL").fetchall()

    @property
    def is_slow(self) -> bool:
        """Whether a sync takes so long that it should run beside the event loop."""
        return self._pace.is_slow

    def committed(self, frames: int) -> None:
        """Note that the log holds ``frames`` frames with the group that is to be synced next."""
        self._mark.written(frames)

    def sync_here(self) -> None:
        """Sync now. Raises OSError."""
        began_ms = self._monotonic_ms()
        self.sync_file(self._path, self._file)
        self._pace.add(self._monotonic_ms() - began_ms)
        self._mark.synced()

    def sync_beside(self, done: Done) -> None:
        """Sync in a thread; ``done`` is called on the running event loop, or by :meth:`wait`."""
        assert self._done is None, "a sync is under way"
        self._done = done
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, "log-sync")
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._sync_in_thread)
        running.add_done_callback(lambda _: self._end())

    def wait(self) -> None:
        """Return when no sync is under way and its ``done`` was called."""
        self._stop_thread()
        if self._done is not None and self._outcome is None:
            self._sync_in_thread()  # the thread had not begun
        self._end()

    def stop(self, *, is_clean: bool) -> None:
        """End the thread and let go of the log's file. Idempotent.

        ``is_clean``: everything is synced and the log will now be emptied, so its mark promises nothing more.
        """
        self._stop_thread()
        self._done = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            if is_clean:
                self._mark.clear()
            self._mark.close()

    def _stop_thread(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    def _sync_in_thread(self) -> None:
        if self._done is None:
            return
        began_ms = self._monotonic_ms()
        error: Exception | None = None
        try:
            self.sync_file(self._path, self._file)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the group is not known to be on disk
            error = failure
        self._outcome = _Outcome(error, self._monotonic_ms() - began_ms)

    def _end(self) -> None:
        outcome, done = self._outcome, self._done
        if outcome is None or done is None:
            return  # ``wait`` was faster
        self._outcome = self._done = None
        self._pace.add(outcome.took_ms)
        if outcome.error is None:
            self._mark.synced()
        done(outcome.error)
