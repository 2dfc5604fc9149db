"""Goal: checkpoints wait for nobody, a failed one is a fault, other programs' locks neither stall nor end onebox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from onebox.storage import opening
from onebox.storage.checkpoint import PAGES_BEFORE_CHECKPOINT, Checkpointer
from onebox.storage.copies import check
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy
from onebox.storage.log_file import log_path
from onebox.storage.opening import LOG_BYTES_KEPT, open_connection
from tests.polling import PATIENCE_S
from tests.unit.onebox.storage.disks import log_sync

Work = Callable[[Storage, list[BaseException]], Awaitable[None]]


def with_checkpointer(path: Path, work: Work, *, slow: bool = False) -> None:
    async def run() -> None:
        failures: list[BaseException] = []
        connection = open_connection(path)
        connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filler BLOB)")
        log = log_sync(path, connection, slow=slow)
        storage = Storage(connection, failures.append, log)
        checkpointer = Checkpointer(path, connection, log, failures.append)
        await asyncio.wait_for(work(storage, failures), PATIENCE_S)
        await checkpointer.stop()
        storage.close()
        checkpointer.release()

    asyncio.run(run())


async def write_pages(storage: Storage, pages: int) -> None:
    """Write about so many pages in groups of twenty."""
    rows = [(bytes(1_500),) for _ in range(20)]
    for _ in range(pages // 20):
        await storage.write(lambda: storage.executemany("INSERT INTO t (filler) VALUES (?)", rows))


def test_log_starts_over_and_shrinks_after_its_peak(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work(storage: Storage, failures: list[BaseException]) -> None:
        reader = apsw.Connection(str(path), vfs="cksmvfs")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM t").fetchall()
        await write_pages(storage, 5 * PAGES_BEFORE_CHECKPOINT)
        peak = log_path(path).stat().st_size
        assert peak > LOG_BYTES_KEPT, "a long read keeps the log"
        reader.execute("COMMIT")
        reader.close()
        for _ in range(1_000):
            await write_pages(storage, 20)
            if log_path(path).stat().st_size <= LOG_BYTES_KEPT:
                break
        assert log_path(path).stat().st_size <= LOG_BYTES_KEPT
        assert failures == []

    with_checkpointer(path, work)


@pytest.mark.parametrize("page_bytes", [2_048, 4_096], ids=["new", "of an earlier version"])
def test_log_of_a_slow_disk_keeps_its_size(tmp_path: Path, page_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.db"
    with monkeypatch.context() as patched:
        patched.setattr(opening, "PAGE_BYTES", page_bytes)
        connection = open_connection(path)
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
        connection.close()

    async def work(storage: Storage, failures: list[BaseException]) -> None:
        assert storage.first("PRAGMA page_size") == (page_bytes,)
        rows = [(bytes(100_000),)]
        sizes = []
        tasks = len(asyncio.all_tasks())  # besides a checkpoint's
        for _ in range(300):
            await storage.write(lambda: storage.executemany("INSERT INTO t (filler) VALUES (?)", rows))
            sizes.append(log_path(path).stat().st_size)
            while sizes[-1] > LOG_BYTES_KEPT * 1.2 and len(asyncio.all_tasks()) > tasks:
                await asyncio.sleep(0.001)  # a busy machine copies slowly: what comes meanwhile is no part of the rule
        assert LOG_BYTES_KEPT * 0.9 < max(sizes) < LOG_BYTES_KEPT * 1.5, "the rest is what came during the copying"
        assert failures == []

    with_checkpointer(path, work, slow=True)


def test_write_waits_beside_the_loop_while_another_program_holds_the_write_lock(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work(storage: Storage, failures: list[BaseException]) -> None:
        other = apsw.Connection(str(path), vfs="cksmvfs")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="another program holds the database's write lock"):
            storage.run(lambda: None)
        writing = asyncio.ensure_future(storage.write(lambda: storage.execute("INSERT INTO t (n) VALUES (1)")))
        storage.run_patiently(lambda: storage.execute("INSERT INTO t (n) VALUES (2)"))
        for _ in range(3):
            await asyncio.sleep(0)
            assert storage.all("SELECT n FROM t") == [], "reads go on"
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing
        while storage.all("SELECT n FROM t ORDER BY n") != [(1,), (2,)]:
            await asyncio.sleep(0)
        other.close()
        assert failures == []

    with_checkpointer(path, work)


def test_many_writes_that_wait_for_the_lock_do_not_hold_the_loop_up(tmp_path: Path) -> None:
    """Each attempt may wait for 25 ms on the loop, so only one is made, however many wait."""
    path, writers = tmp_path / "t.db", 200

    async def work(storage: Storage, failures: list[BaseException]) -> None:
        other = apsw.Connection(str(path), vfs="cksmvfs")
        other.execute("BEGIN IMMEDIATE")
        insert = "INSERT INTO t (n) VALUES (?)"
        writing = [
            asyncio.ensure_future(storage.write(lambda n=n: storage.execute(insert, (n,))))  # type: ignore[misc]
            for n in range(writers)
        ]
        loop = asyncio.get_running_loop()
        longest_s, began_s = 0.0, loop.time()
        while loop.time() < began_s + 0.2:
            turn_s = loop.time()
            await asyncio.sleep(0)
            longest_s = max(longest_s, loop.time() - turn_s)
        assert longest_s < 1.0, "200 attempts of 25 ms would be 5 s"
        assert not any(task.done() for task in writing)
        other.execute("ROLLBACK")
        await asyncio.gather(*writing)
        assert storage.all("SELECT count(*) FROM t") == [(writers,)]
        other.close()
        assert failures == []

    with_checkpointer(path, work)


@pytest.mark.parametrize("error", [apsw.IOError("disk I/O error"), apsw.FullError("full"), OSError(5, "I/O error")])
def test_checkpoint_that_fails_is_a_fault_and_the_log_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = tmp_path / "t.db"

    def fail(_: Checkpointer) -> None:
        raise error

    monkeypatch.setattr(Checkpointer, "_copy_pages", fail)

    async def work(storage: Storage, failures: list[BaseException]) -> None:
        await write_pages(storage, PAGES_BEFORE_CHECKPOINT + 20)
        while not failures:
            await asyncio.sleep(0)
        assert failures == [error]

    with_checkpointer(path, work)


def test_damage_of_the_log_while_it_is_in_use_is_found_by_a_check(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work(storage: Storage, failures: list[BaseException]) -> None:
        await write_pages(storage, PAGES_BEFORE_CHECKPOINT // 2)
        assert check(path, _no_progress).is_sound
        with log_path(path).open("r+b") as log:
            log.seek(100_000)
            log.write(b"damage")
        assert check(path, _no_progress).groups_missing
        assert failures == []

    with_checkpointer(path, work)


def _no_progress(done: int, pages: int) -> None:
    """Nobody looks."""
