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
from onebox.storage.checkpoint import PAGES_BEFORE_CHECKPOINT, Checkpointer
from onebox.storage.database import Storage
from onebox.storage.faults import describe
from onebox.storage.opening import load_checksums, open_connection
from onebox.storage.starting import open_database

GROUPS = 180
ROWS_A_GROUP = 12
NOW_MS = 1_700_000_000_000


class FailingDisk(apsw.VFS):
    """Fails the chosen operation on the chosen file from its n-th call on: once, or every time after."""

    def __init__(self, name: str, operation: str, suffix: str, *, at: int, for_good: bool) -> None:
        super().__init__(name, base="cksmvfs")
        self.operation, self.suffix, self.at, self.for_good = operation, suffix, at, for_good
        self.calls = 0
        self.failed = 0

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _FailingFile(self, name, flags)

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


async def _work(path: Path, disk: str) -> tuple[set[int], list[BaseException]]:
    """Write groups until a fault or the end; the numbers of the acknowledged rows, and the faults."""
    acknowledged: set[int] = set()
    faults: list[BaseException] = []
    connection = open_connection(path, vfs=disk)
    storage = Storage(connection, faults.append)
    checkpointer = Checkpointer(path, connection, storage.fail, vfs=disk)
    for group in range(GROUPS):
        numbers = range(group * ROWS_A_GROUP, (group + 1) * ROWS_A_GROUP)
        rows = [(number, bytes(3_000)) for number in numbers]
        try:
            storage.run(partial(storage.executemany, "INSERT INTO t VALUES (?, ?)", rows))
            storage.after_commit(partial(acknowledged.update, numbers))
            storage.flush()
            storage.first("SELECT count(*) FROM t WHERE n > ?", (group,))
        except StorageFault:
            break
        await asyncio.sleep(0)
    with contextlib.suppress(StorageFault, apsw.Error):
        await checkpointer.stop(is_clean=False)
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
    disk = FailingDisk(name, operation, suffix, at=at, for_good=for_good)
    try:
        acknowledged, faults = asyncio.run(_work(path, name))
    except apsw.Error:
        acknowledged, faults = set(), []  # the start itself met the failure: nothing was promised
    finally:
        disk.unregister()
    if (operation, suffix) != ("read", "-wal"):  # the log is read as often as the cache is too small
        assert disk.failed, "the disk was never asked"
    if len(acknowledged) < GROUPS * ROWS_A_GROUP and acknowledged:
        assert faults, "the work ended without a fault"
    connection = open_database(path, "test", NOW_MS)
    found = {number for (number,) in connection.execute("SELECT n FROM t")}
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert acknowledged <= found, f"lost: {sorted(acknowledged - found)[:5]}"
    assert {number // ROWS_A_GROUP for number in found} == set(range(len(found) // ROWS_A_GROUP)), "half a group"


def test_work_of_the_test_reaches_checkpoints() -> None:
    assert GROUPS * ROWS_A_GROUP > PAGES_BEFORE_CHECKPOINT


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
