"""Goal: a disk that fails at any read, write or sync, once or for good, loses nothing that was acknowledged.

SQLite may survive a single failure by itself (it reads the page again); then the work goes on. Otherwise the storage
reports a fault, and from that moment nothing is acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from onebox.errors import StorageFault
from onebox.storage.checkpoint import PAGES_BEFORE_CHECKPOINT, PAGES_ON_SLOW_DISK, Checkpointer
from onebox.storage.database import Storage
from onebox.storage.faults import describe
from onebox.storage.opening import PAGE_BYTES, load_checksums, open_connection
from onebox.storage.starting import open_database
from tests.polling import PATIENCE_S
from tests.unit.onebox.storage.disks import log_sync

GROUPS = 180
ROWS_A_GROUP = 12
ROW_BYTES = 4_000
NOW_MS = 1_700_000_000_000


class FailingDisk(apsw.VFS):
    """Fails the chosen operation on the chosen file from its n-th call on: once, or every time after."""

    def __init__(self, name: str, operation: str, suffix: str, *, at: int, for_good: bool) -> None:
        super().__init__(name, base="cksmvfs")
        self.name = name
        self.operation, self.suffix, self.at, self.for_good = operation, suffix, at, for_good
        self.calls = 0
        self.failed = 0

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _FailingFile(self, name, flags)

    def sync(self, path: Path, _file: int) -> None:
        """The syncs that onebox makes itself (LogSync)."""
        if self.is_due("sync", path.name):
            raise OSError(5, "the disk failed to sync")

    def is_due(self, operation: str, file: str) -> bool:
        if operation != self.operation or not file.endswith(self.suffix):
            return False
        self.calls += 1
        due = self.calls >= self.at if self.for_good else self.calls == self.at
        self.failed += due
        return due


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: Any, flags: list[int]) -> None:
        super().__init__("cksmvfs", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, Path(path or "temporary").name

    def xRead(self, amount: int, offset: int) -> bytes:
        if self._disk.is_due("read", self._name):
            raise apsw.IOError("the disk failed to read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.is_due("short write", self._name):
            super().xWrite(bytes(data)[: len(data) // 2], offset)
            raise apsw.FullError("the disk is full")
        if self._disk.is_due("write", self._name):
            raise apsw.IOError("the disk failed to write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._disk.is_due("sync", self._name):
            raise apsw.IOError("the disk failed to sync")
        super().xSync(flags)


async def _work(path: Path, disk: FailingDisk, *, slow: bool) -> tuple[set[int], list[BaseException]]:
    """Write groups until a fault or the end; the numbers of the acknowledged rows, and the faults."""
    acknowledged: set[int] = set()
    faults: list[BaseException] = []
    connection = open_connection(path, vfs=disk.name)
    connection.execute("PRAGMA schema_version").fetchall()  # opens the log
    try:
        log = log_sync(path, connection, disk.sync, slow=slow)
    except OSError:
        connection.close()
        return acknowledged, faults  # the start itself met the failure: nothing was promised
    told = asyncio.Event()

    def note(fault: StorageFault) -> None:
        faults.append(fault)
        told.set()

    storage = Storage(connection, note, log)
    rows_a_group = 2 * ROWS_A_GROUP if slow else ROWS_A_GROUP
    checkpointer = Checkpointer(path, connection, log, storage.fail, vfs=disk.name)
    for group in range(GROUPS):
        numbers = range(group * rows_a_group, (group + 1) * rows_a_group)
        rows = [(number, bytes(ROW_BYTES)) for number in numbers]
        try:
            storage.run(partial(storage.executemany, "INSERT INTO t VALUES (?, ?)", rows))
            storage.after_commit(partial(acknowledged.update, numbers))
            storage.after_commit(told.set)
            await told.wait()
            told.clear()
            storage.first("SELECT count(*) FROM t WHERE n > ?", (group,))
        except StorageFault:
            break
    with contextlib.suppress(StorageFault, apsw.Error):
        await checkpointer.stop()
    log.stop(is_clean=False)
    with contextlib.suppress(apsw.Error):
        connection.close()
    checkpointer.release()
    return acknowledged, faults


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("suffix", ["onebox.db", "-wal"])
@pytest.mark.parametrize("operation", ["read", "write", "short write", "sync"])
def test_failing_disk_loses_nothing_that_was_acknowledged(
    tmp_path: Path, operation: str, suffix: str, for_good: bool
) -> None:
    _fail_once_or_for_good(tmp_path, operation, suffix, for_good=for_good, slow=False)


@pytest.mark.parametrize("suffix", ["onebox.db", "-wal"])
@pytest.mark.parametrize("operation", ["short write", "sync"])
def test_failing_disk_that_is_synced_beside_the_loop_loses_nothing(tmp_path: Path, operation: str, suffix: str) -> None:
    _fail_once_or_for_good(tmp_path, operation, suffix, for_good=False, slow=True)


def _fail_once_or_for_good(tmp_path: Path, operation: str, suffix: str, *, for_good: bool, slow: bool) -> None:
    assert load_checksums()
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    path = tmp_path / "onebox.db"
    connection = open_database(path, "test", NOW_MS)
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
    connection.close()
    name = f"failing{seed}"
    # The database file is synced once a checkpoint; everything else happens often.
    at = 1 if (operation, suffix) == ("sync", "onebox.db") else chance.randrange(1, 30)
    rows_a_group = 2 * ROWS_A_GROUP if slow else ROWS_A_GROUP
    disk = FailingDisk(name, operation, suffix, at=at, for_good=for_good)
    try:
        acknowledged, faults = asyncio.run(asyncio.wait_for(_work(path, disk, slow=slow), PATIENCE_S))
    except apsw.Error:
        acknowledged, faults = set(), []  # the start itself met the failure: nothing was promised
    finally:
        disk.unregister()
    if (operation, suffix) != ("read", "-wal"):  # the log is read as often as the cache is too small
        assert disk.failed, "the disk was never asked"
    if len(acknowledged) < GROUPS * rows_a_group and acknowledged:
        assert faults, "the work ended without a fault"
    connection = open_database(path, "test", NOW_MS)
    found = {number for (number,) in connection.execute("SELECT n FROM t")}
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert acknowledged <= found, f"lost: {sorted(acknowledged - found)[:5]}"
    assert {number // rows_a_group for number in found} == set(range(len(found) // rows_a_group)), "half a group"


def test_work_of_the_test_reaches_checkpoints() -> None:
    assert GROUPS * ROWS_A_GROUP * ROW_BYTES > PAGES_BEFORE_CHECKPOINT * PAGE_BYTES
    assert GROUPS * 2 * ROWS_A_GROUP * ROW_BYTES > PAGES_ON_SLOW_DISK * PAGE_BYTES


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: apsw.FullError("full"), "Free some space"),
        (lambda: apsw.CorruptError("malformed"), "onebox restore"),
        (lambda: apsw.ReadOnlyError("read-only"), "permissions"),
        (lambda: apsw.IOError("disk I/O error"), "Check the disk"),
    ],
)
def test_each_fault_names_the_next_step(make: Callable[[], Exception], expected: str) -> None:
    assert expected in describe(make())
