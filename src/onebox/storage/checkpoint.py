"""Move what is committed from the write-ahead log into the database file, beside the event loop.

Commits only append to the log; left alone it would grow for ever, and a checkpoint inside a commit would stall every
caller for tens of milliseconds. So a thread with a connection of its own copies pages (SQLite does that without
Python's lock), and the loop itself finishes the rest, which is then short, only when the log has grown large.
SQLite: https://www.sqlite.org/wal.html#ckpt
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import apsw

PAGES_BEFORE_CHECKPOINT = 2_000  # 8 MB: large enough that hot pages are copied once for many commits
PAGES_BEFORE_RESET = 16_000  # 64 MB: the log starts over when it has reached this

_log = logging.getLogger("onebox.storage")


class Checkpointer:
    """Watches the log's length after each commit."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        self._path = path
        self._connection = connection
        self._running: asyncio.Task[None] | None = None
        self._reset_due = False
        connection.set_wal_hook(self._committed)

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        if self._running is None and pages >= PAGES_BEFORE_CHECKPOINT:
            self._reset_due = pages >= PAGES_BEFORE_RESET
            self._running = asyncio.get_running_loop().create_task(self._checkpoint())
        return apsw.SQLITE_OK

    async def _checkpoint(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._copy_pages)
            if self._reset_due and not self._connection.in_transaction:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.BusyError:
            _log.debug("checkpoint postponed: the log is in use")
        finally:
            self._running = None

    def _copy_pages(self) -> None:
        own = apsw.Connection(str(self._path))
        try:
            own.execute("PRAGMA synchronous = FULL").fetchall()
            own.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        finally:
            own.close()

    async def stop(self) -> None:
        """Wait for a checkpoint under way."""
        self._connection.set_wal_hook(None)
        if self._running is not None:
            await self._running
