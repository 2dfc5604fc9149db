"""Goal: space of deleted rows goes back to the disk, slice by slice, and a little is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw

from onebox.storage.database import Storage
from onebox.storage.opening import open_connection
from onebox.storage.space import FREE_PAGES_KEPT, LOOK_EVERY_MS, PAGES_A_SLICE, SpaceKeeper
from onebox.testing import ManualClock

ROWS = 8_000


def test_deleted_rows_shrink_the_file_in_slices(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work() -> None:
        clock = ManualClock()
        connection = open_connection(path)
        storage = Storage(connection, _no_fault)
        await storage.write(lambda: storage.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)"))
        rows = [(n, bytes(3_500)) for n in range(ROWS)]
        await storage.write(lambda: storage.executemany("INSERT INTO t VALUES (?, ?)", rows))
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        peak = path.stat().st_size
        await storage.write(lambda: storage.execute("DELETE FROM t"))
        keeper = SpaceKeeper(storage, clock)
        keeper.start()
        await clock.advance(LOOK_EVERY_MS / 1000)
        (free,) = storage.all("PRAGMA freelist_count")[0]
        assert free >= ROWS - 2 * PAGES_A_SLICE, "one look gives back one slice"
        await clock.advance(60)
        (free,) = storage.all("PRAGMA freelist_count")[0]
        assert free == FREE_PAGES_KEPT
        storage.flush()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        assert path.stat().st_size < peak / 2
        keeper.stop()
        storage.close()

    asyncio.run(work())


def _no_fault(fault: Exception) -> None:
    raise AssertionError(fault)
