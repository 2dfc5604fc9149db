"""Goal: what was acknowledged survives a power cut at any moment, torn and reordered writes included."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

import apsw
import pytest

from onebox.errors import StorageFault
from onebox.storage.database import Storage
from onebox.storage.opening import load_checksums, open_connection
from tests.crash.disk import Entry, RecordingDisk, RecordingSync, files_after_power_cut
from tests.unit.onebox.storage.disks import log_sync

JOBS = 400
CUTS = 80


async def _work(
    path: Path, disk_name: str, journal: list[Entry], chance: random.Random, *, slow: bool
) -> dict[int, int]:
    """Run jobs in groups of random size; the journal's length at each job's acknowledgement, by job."""
    connection = open_connection(path, vfs=disk_name)
    connection.execute("CREATE TABLE pair (job INTEGER, half INTEGER, filler BLOB)")
    sync = RecordingSync(journal)
    storage = Storage(connection, _no_fault, log_sync(path, connection, sync, slow=slow))
    acknowledged: dict[int, int] = {}

    def job(number: int) -> None:
        for half in (1, 2):
            storage.execute("INSERT INTO pair VALUES (?, ?, ?)", (number, half, bytes(chance.randrange(5_000))))
        if number % 7 == 0:
            raise ValueError("a job that fails leaves no trace")
        storage.after_commit(lambda: acknowledged.__setitem__(number, len(journal)))

    for number in range(JOBS):
        with contextlib.suppress(ValueError):
            storage.run(lambda: job(number))  # noqa: B023 - run calls it at once
        if chance.random() < 0.3:
            await storage.durable()
        elif chance.random() < 0.3:
            await asyncio.sleep(0)
        if chance.random() < 0.05:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE) if not connection.in_transaction else None
    storage.close()
    return acknowledged


def _no_fault(fault: StorageFault) -> None:
    raise AssertionError(fault)


@pytest.mark.parametrize("slow", [False, True], ids=["synced on the loop", "synced beside the loop"])
def test_power_cut_at_any_moment_keeps_all_acknowledged_jobs_whole(tmp_path: Path, *, slow: bool) -> None:
    assert load_checksums(), "the recording layer lies above them"
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    journal: list[Entry] = []
    disk = RecordingDisk(f"disk{seed}", journal)
    acknowledged = asyncio.run(_work(tmp_path / "whole.db", f"disk{seed}", journal, chance, slow=slow))
    disk.unregister()
    assert len(acknowledged) == sum(1 for number in range(JOBS) if number % 7)
    first = min(acknowledged.values())
    for cut in range(CUTS):
        moment = chance.randrange(first, len(journal) + 1)
        folder = tmp_path / str(cut)
        folder.mkdir()
        for name, content in files_after_power_cut(journal, moment, chance).items():
            (folder / name).write_bytes(content)
        _check(folder / "whole.db", {job for job, at in acknowledged.items() if at <= moment})


def _check(path: Path, promised: set[int]) -> None:
    connection = apsw.Connection(str(path))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    halves: dict[int, int] = {
        int(job): int(count) for job, count in connection.execute("SELECT job, count(*) FROM pair GROUP BY job")
    }
    connection.close()
    assert promised <= halves.keys(), f"lost after the power cut: {sorted(promised - halves.keys())[:5]}"
    assert set(halves.values()) <= {2}, "half a job was kept"
    assert not [job for job in halves if job % 7 == 0], "a failed job left a trace"
