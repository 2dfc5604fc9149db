"""A disk that remembers the order of writes and syncs, so that a test can cut its power at any moment.

SIGKILL leaves the operating system's page cache whole; a power cut does not. This SQLite file system layer passes
everything to the real one and keeps a journal of it. :func:`files_after_power_cut` rebuilds the files as a
disk may hold them when the power went at a given place of the journal: all that was synced, and of each later write
any subset of its sectors, in any order.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import apsw

SECTOR_BYTES = 512


class Write(NamedTuple):
    file: str
    offset: int
    data: bytes


class Truncate(NamedTuple):
    file: str
    size: int


class Sync(NamedTuple):
    """A sync that has ended."""

    file: str
    begun: int
    """How long the journal was when it began: only what was written before is known to be on disk."""


class Delete(NamedTuple):
    file: str


Entry = Write | Truncate | Sync | Delete


class Journal(Protocol):
    def append(self, entry: Entry, /) -> None:
        """Note what happened."""

    def __len__(self) -> int:
        """How many entries there are."""


class RecordingDisk(apsw.VFS):
    """Register under ``name``; open databases with ``vfs=name``, or all of the process's if it is the default."""

    def __init__(self, name: str, journal: Journal, *, is_default: bool = False) -> None:
        # By name: the default one would be this very layer.
        self.base = apsw.vfs_names()[0]
        super().__init__(name, base=self.base, makedefault=is_default)
        self.journal = journal

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _RecordingFile(self, name, flags)

    def xDelete(self, filename: str, sync_directory: bool) -> None:
        super().xDelete(filename, sync_directory)
        self.journal.append(Delete(Path(filename).name))


class RecordingSync:
    """The syncs that onebox makes itself (LogSync), past SQLite's file system layers; each takes ``sync_s``."""

    def __init__(self, journal: Journal, sync_s: float = 0.0) -> None:
        self._journal = journal
        self._sync_s = sync_s

    def __call__(self, path: Path, _file: int) -> None:
        """Note it; the files after a cut are made from the journal, so the real ones need no sync."""
        begun = len(self._journal)
        if self._sync_s:
            time.sleep(self._sync_s)
        self._journal.append(Sync(path.name, begun))


def files_after_power_cut(journal: Sequence[Entry], moment: int, chance: random.Random) -> dict[str, bytes]:
    """The files by name, if the power went after ``moment`` entries of the journal."""
    files: dict[str, bytearray] = {}
    pending: dict[str, deque[tuple[int, Write | Truncate]]] = {}
    for number, entry in enumerate(journal[:moment]):
        if isinstance(entry, (Write, Truncate)):
            pending.setdefault(entry.file, deque()).append((number, entry))
        elif isinstance(entry, Sync):
            changes = pending.get(entry.file, deque())
            while changes and changes[0][0] < entry.begun:
                apply(files.setdefault(entry.file, bytearray()), changes.popleft()[1])
        else:
            files.pop(entry.file, None)
            pending.pop(entry.file, None)
    for name, changes in pending.items():
        apply_some(files.setdefault(name, bytearray()), [change for _, change in changes], chance)
    return {name: bytes(content) for name, content in files.items()}


class _RecordingFile(apsw.VFSFile):
    def __init__(self, disk: RecordingDisk, name: Any, flags: list[int]) -> None:
        super().__init__(disk.base, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path or "temporary").name
        self._journal = disk.journal

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._journal.append(Write(self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._journal.append(Truncate(self._name, size))

    def xSync(self, flags: int) -> None:
        begun = len(self._journal)
        super().xSync(flags)
        self._journal.append(Sync(self._name, begun))


def apply(content: bytearray, change: Write | Truncate) -> None:
    """Change a file's content."""
    if isinstance(change, Truncate):
        del content[change.size :]
        return
    end = change.offset + len(change.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[change.offset : end] = change.data


def apply_some(content: bytearray, changes: list[Write | Truncate], chance: random.Random) -> None:
    """Change a file's content by a random part of the changes, sector by sector and in any order."""
    kept = chance.random()
    sectors: list[Write | Truncate] = []
    for change in changes:
        if isinstance(change, Truncate):
            sectors.append(change)
            continue
        sectors.extend(
            Write(change.file, change.offset + start, change.data[start : start + SECTOR_BYTES])
            for start in range(0, len(change.data), SECTOR_BYTES)
        )
    chance.shuffle(sectors)
    for sector in sectors:
        if chance.random() < kept:
            apply(content, sector)
