"""What a process and a database hold at a moment, and how much of it grew by calls."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

PROC = Path("/proc")


@dataclass(frozen=True)
class Sample:
    """A onebox after some calls. Memory in KiB, sizes in bytes."""

    calls: int
    server_kib: int
    server_files: int
    worker_kib: int
    worker_files: int
    workers: tuple[int, ...]
    """The processes of the function."""
    database_bytes: int
    log_bytes: int


def take(calls: int, pid: int, database: Path) -> Sample:
    """Look at a onebox from outside."""
    workers = children(pid)
    log = database.with_name(database.name + "-wal")
    return Sample(
        calls=calls,
        server_kib=resident_kib(pid),
        server_files=open_files(pid),
        worker_kib=max(map(resident_kib, workers), default=0),
        worker_files=max(map(open_files, workers), default=0),
        workers=workers,
        database_bytes=database.stat().st_size,
        log_bytes=log.stat().st_size if log.exists() else 0,
    )


def children(pid: int) -> tuple[int, ...]:
    """The processes that a process started, whichever of its threads did; none for what has ended meanwhile."""
    found: list[int] = []
    for task in (PROC / str(pid) / "task").glob("*"):
        with suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return tuple(sorted(found))


def resident_kib(pid: int) -> int:
    """Resident memory; 0 for a process that has ended."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def open_files(pid: int) -> int:
    """Open files and sockets; 0 for a process that has ended."""
    try:
        return len(list((PROC / str(pid) / "fd").iterdir()))
    except OSError:
        return 0


def count_rows(database: Path) -> dict[str, int]:
    """The rows of each table."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = (connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names)
        return {name: int(row[0]) for name, row in zip(names, counts, strict=True) if row is not None}
    finally:
        connection.close()


def server_bytes_a_call(samples: Sequence[Sample]) -> float:
    """What the server's memory grew by a call in the second half of a run; the first half warms up."""
    half = samples[len(samples) // 2 :]
    return (half[-1].server_kib - half[0].server_kib) * 1024 / max(1, half[-1].calls - half[0].calls)
