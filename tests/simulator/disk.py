"""A disk under SQLite that loses power, tears and reorders what was not synced, fails, and is slow.

A SQLite file system layer below onebox's checksum layer. The files themselves are what programs of the machine see
(the operating system's cache); beside them the disk keeps what a power cut would leave: the synced content of each
file, and the writes since then. :meth:`SimulatedDisk.lose_power` makes the files that the next boot finds, by the rules
of :mod:`tests.crash.disk`. After a failed sync the operating system believes the writes to be clean, as Linux does: a
later sync does not save them. (https://lwn.net/Articles/752063/)
"""

from __future__ import annotations

from collections import Counter, deque
from functools import cache
from pathlib import Path
from typing import Any

import apsw

from tests.crash.disk import Truncate, Write, apply, apply_some
from tests.simulator.machine import Machine

MARK_SUFFIX = "-mark"
_MARKS_KEPT = 8
_SLOW_SYNC_NS = 20_000_000
_SYNC_NS = 300_000
FAULTS = ("read", "write", "short write", "sync", "full")


class DiskLayer(apsw.VFS):
    """What SQLite calls, for the disk of the current run. One a process: SQLite's checksum layer keeps the layer that
    was the default when it was loaded."""

    def __init__(self) -> None:
        self.base = apsw.vfs_names()[0]
        super().__init__("simulated", base=self.base, makedefault=True)
        self.disk = SimulatedDisk(Machine(0))

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        self.disk.check_power()
        return _File(self.disk, self.base, name, flags)

    def xDelete(self, filename: str, sync_directory: bool) -> None:
        self.disk.check_power()
        super().xDelete(filename, sync_directory)
        self.disk.deleted(Path(filename).name)


class SimulatedDisk:
    """The disk of one run, through all lives of onebox."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._chance = machine.chance("disk")
        self._synced: dict[str, bytearray] = {}
        self._pending: dict[str, list[Write | Truncate]] = {}
        self._marks: deque[bytes] = deque(maxlen=_MARKS_KEPT)
        self.is_on = True
        self.is_slow = False
        self.operations = 0
        self.syncs = 0
        self.bytes_written = 0
        self.failures: Counter[str] = Counter()
        self._fault: tuple[str, int] | None = None
        self._cut_at = -1
        self.has_failed = False
        """Whether an operation has failed since the disk was turned on."""

    # What the simulator does to it

    def fail_once(self, fault: str, after: int) -> None:
        """Let the operation of this kind fail that is the ``after``-th from now."""
        self._fault = (fault, after)

    def cut_power_at(self, operations: int) -> None:
        """Lose power in the middle of the ``operations``-th operation from now."""
        self._cut_at = self.operations + operations

    def heal(self) -> None:
        """Plan no further fault."""
        self._fault, self._cut_at, self.is_slow = None, -1, False

    def turn_off(self) -> None:
        """Nothing can be read or written from now on."""
        self.is_on = False

    def turn_on(self) -> None:
        """The disk works again."""
        self.is_on, self.has_failed = True, False
        self.heal()

    def lose_power(self, folder: Path) -> dict[str, bytes]:
        """The content of every file after a power cut; from now on it counts as synced."""
        for name, pending in self._pending.items():
            apply_some(self._synced.setdefault(name, bytearray()), pending, self._chance)
        self._pending.clear()
        files = {name: bytes(content) for name, content in self._synced.items()}
        for path in folder.glob(f"*{MARK_SUFFIX}"):
            files[path.name] = self._mark_after_cut(path.read_bytes())
        self._marks.clear()
        return files

    def _mark_after_cut(self, now: bytes) -> bytes:
        # The mark is written through a memory map without a sync: any of its last contents may be on disk. Zeros are
        # the exception, they are synced.
        return self._chance.choice([now, *self._marks]) if any(now) else now

    # What its files report

    def check_power(self) -> None:
        """Raise if the power is off, or goes off now."""
        self.operations += 1
        if self.operations == self._cut_at:
            self.is_on = False
        if not self.is_on:
            raise apsw.IOError("the power is off")

    def check_fault(self, *kinds: str) -> str | None:
        """The planned fault if it is due and one of these kinds."""
        if self._fault is None or self._fault[0] not in kinds:
            return None
        kind, left = self._fault
        if left > 1:
            self._fault = (kind, left - 1)
            return None
        self._fault = None
        self.has_failed = True
        self.failures[kind] += 1
        return kind

    def written(self, change: Write | Truncate) -> None:
        """A file has changed, in the cache."""
        self._pending.setdefault(change.file, []).append(change)
        if isinstance(change, Write):
            self.bytes_written += len(change.data)

    def deleted(self, file: str) -> None:
        """A file is gone."""
        self._synced.pop(file, None)
        self._pending.pop(file, None)

    def synced(self, file: str, path: Path) -> None:
        """A file's changes are on disk."""
        self.syncs += 1
        content = self._synced.setdefault(file, bytearray())
        for change in self._pending.pop(file, []):
            apply(content, change)
        took_ns = self._chance.randrange(_SLOW_SYNC_NS if self.is_slow else _SYNC_NS)
        self._machine.pass_until(self._machine.passed_ns + took_ns)
        self._note_mark(path)

    def sync(self, path: Path, _file: int) -> None:
        """Sync one of its files, for onebox itself or for SQLite. Raises what the disk raises."""
        self.check_power()
        if self.check_fault("sync"):
            self.sync_failed(path.name)
            raise apsw.IOError("the disk failed to sync")
        self.synced(path.name, path)

    def sync_failed(self, file: str) -> None:
        """Some of it is on disk; the rest stays in the cache, and nobody will ever write it."""
        apply_some(self._synced.setdefault(file, bytearray()), self._pending.pop(file, []), self._chance)

    def torn(self, length: int) -> int:
        """How much of a write of this length arrives before the disk fails."""
        return self._chance.randrange(length)

    def _note_mark(self, path: Path) -> None:
        mark = path.with_name(path.name.removesuffix("-wal") + MARK_SUFFIX)
        if mark.exists():
            self._marks.append(mark.read_bytes())


class _File(apsw.VFSFile):
    def __init__(self, disk: SimulatedDisk, base: str, name: Any, flags: list[int]) -> None:
        super().__init__(base, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._path = Path(path or "temporary")
        self._name = self._path.name
        self._disk = disk

    def xRead(self, amount: int, offset: int) -> bytes:
        disk = self._disk
        disk.check_power()
        if disk.check_fault("read"):
            raise apsw.IOError("the disk failed to read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        disk = self._disk
        content = bytes(data)
        try:
            disk.check_power()
        except apsw.IOError:
            disk.written(Write(self._name, offset, content))  # it was under way when the power went
            raise
        fault = disk.check_fault("write", "short write", "full")
        if fault == "short write":
            content = content[: disk.torn(len(content))]
        if fault in (None, "short write"):
            super().xWrite(content, offset)
            disk.written(Write(self._name, offset, content))
        if fault == "write":
            raise apsw.IOError("the disk failed to write")
        if fault is not None:
            raise apsw.FullError("the disk is full")

    def xTruncate(self, size: int) -> None:
        self._disk.check_power()
        super().xTruncate(size)
        self._disk.written(Truncate(self._name, size))

    def xSync(self, flags: int) -> None:
        self._disk.sync(self._path, flags)


@cache
def disk_layer() -> DiskLayer:
    """The layer of this process; registered before SQLite's checksums are loaded."""
    if "cksmvfs" in apsw.vfs_names():
        raise RuntimeError("the simulator needs a process of its own: SQLite's checksum layer is loaded already")
    return DiskLayer()


def store(files: dict[str, bytes], folder: Path) -> None:
    """Write the files of a machine that was off into a folder."""
    folder.mkdir(parents=True, mode=0o700)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def copy_cache(source: Path, folder: Path) -> None:
    """The files as programs saw them when one of them was killed."""
    folder.mkdir(parents=True, mode=0o700)
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(("-shm", ".lock")):
            (folder / path.name).write_bytes(path.read_bytes())
