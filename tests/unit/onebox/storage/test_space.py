"""Goal: space of deleted rows goes back to the disk, slice by slice, and a little is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw

from onebox.storage.checkpoint import Checkpointer
from onebox.storage.database import Storage
from onebox.storage.log_sync import sync_file
from onebox.storage.opening import open_connection
from onebox.storage.space import FREE_PAGES_KEPT, LOOK_EVERY_MS, PAGES_A_SLICE, SpaceKeeper
from onebox.testing import ManualClock
from tests.polling import PATIENCE_S
from tests.unit.onebox.storage.disks import HeldSync, log_sync

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
        keeper = SpaceKeeper(storage, clock, lambda: None)
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


def test_file_is_cut_though_nobody_writes_any_more(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work() -> None:
        clock = ManualClock()
        connection = open_connection(path)
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
        log = log_sync(path, connection)
        storage = Storage(connection, _no_fault, log)
        checkpointer = Checkpointer(path, connection, log, _no_fault)
        keeper = SpaceKeeper(storage, clock, checkpointer.checkpoint_soon)
        rows = [(n, bytes(3_500)) for n in range(ROWS)]
        await storage.write(lambda: storage.executemany("INSERT INTO t VALUES (?, ?)", rows))
        while (peak := path.stat().st_size) < ROWS * 3_500:
            await asyncio.sleep(0)
        await storage.write(lambda: storage.execute("DELETE FROM t"))
        keeper.start()
        await clock.advance(60)
        while path.stat().st_size > peak / 2:
            await asyncio.sleep(0)
        keeper.stop()
        await checkpointer.stop()
        storage.close()
        checkpointer.release()

    asyncio.run(asyncio.wait_for(work(), PATIENCE_S))


def test_file_is_cut_though_the_last_slice_came_while_a_checkpoint_was_under_way(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    held = HeldSync()

    def sync(synced: Path, file: int) -> None:
        (held if synced == path else sync_file)(synced, file)

    async def work() -> None:
        clock = ManualClock()
        connection = open_connection(path)
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
        log = log_sync(path, connection, sync)
        storage = Storage(connection, _no_fault, log)
        checkpointer = Checkpointer(path, connection, log, _no_fault)
        keeper = SpaceKeeper(storage, clock, checkpointer.checkpoint_soon)
        rows = [(n, bytes(3_500)) for n in range(ROWS)]
        held.hold()
        await storage.write(lambda: storage.executemany("INSERT INTO t VALUES (?, ?)", rows))
        await asyncio.get_running_loop().run_in_executor(None, held.wait_until_begun)
        peak = path.stat().st_size
        await storage.write(lambda: storage.execute("DELETE FROM t"))
        keeper.start()
        await clock.advance(60)
        held.end()
        while path.stat().st_size > peak / 2:
            await asyncio.sleep(0)
        keeper.stop()
        await checkpointer.stop()
        storage.close()
        checkpointer.release()

    asyncio.run(asyncio.wait_for(work(), PATIENCE_S))


def _no_fault(fault: BaseException) -> None:
    raise AssertionError(fault)
