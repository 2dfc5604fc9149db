"""The write-ahead log as a file: was it cut short, and how many acknowledged groups are then missing.

After a crash SQLite reads the log up to the first frame that does not fit and ignores the rest without a word. That is
right for a last group whose sync never ended, and wrong for a log that was damaged in its middle, where everything
behind the damage was acknowledged. Two facts tell them apart: the *mark*, a note beside the database of how many
frames were on disk at the last commit, and whole groups that lie behind the place where SQLite stopped.
SQLite: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import tempfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

import apsw

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MARK = struct.Struct("<IIQ")
_SALTS = struct.Struct(">II")
_SALTS_AT = 16


class LogMark:
    """How much of the log is known to be on disk, kept in a file of 16 bytes that is written without a sync.

    It survives the process always and a power cut as of some earlier commit; it never promises too much, because each
    note is written after the sync that it speaks of.
    """

    def __init__(self, database: Path) -> None:
        self._log = log_path(database)
        path = mark_path(database)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, _MARK.size)
            self._map = mmap.mmap(descriptor, _MARK.size)
        finally:
            os.close(descriptor)
        self._salts = (0, 0)
        self._frames = 0

    def written(self, frames: int) -> None:
        """Note that a commit has brought the log to ``frames`` frames, which need not be on disk yet."""
        if frames <= self._frames or self._salts == (0, 0):
            self._salts = _read_salts(self._log)
        self._frames = frames

    def synced(self) -> None:
        """Note that the frames of the last commit are on disk."""
        _MARK.pack_into(self._map, 0, *self._salts, self._frames)

    def clear(self) -> None:
        """Promise nothing any more: before the log is emptied by a clean stop. Synced."""
        _MARK.pack_into(self._map, 0, 0, 0, 0)
        self._map.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()


class LogState(NamedTuple):
    """What the log's file holds, read before SQLite opens it."""

    salts: tuple[int, int]
    """The generation that the header, or the mark where the header is damaged, names."""
    promised_frames: int
    """Frames that the mark says were on disk; 0 if it speaks of another generation."""
    commit_frames: tuple[int, ...]
    """The numbers, from 1, of the frames of this generation that end a group."""


def log_path(database: Path) -> Path:
    """The log of a database file."""
    return database.with_name(database.name + "-wal")


def mark_path(database: Path) -> Path:
    """The mark of a database file."""
    return database.with_name(database.name + "-mark")


def read_log(database: Path) -> LogState:
    """Read the log's headers; cheap, its pages are not read."""
    mark_salts, promised = _read_mark(mark_path(database))
    try:
        file = log_path(database).open("rb", buffering=0)
    except FileNotFoundError:
        return LogState(mark_salts, promised, ())
    with file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            return LogState(mark_salts, promised, ())
        _, _, page_size, _, salt1, salt2, *_ = _HEADER.unpack(head)
        salts = (salt1, salt2)
        if not _is_header_whole(head):
            salts, page_size = mark_salts, _page_size(database)
        if salts != mark_salts:
            promised = 0
        return LogState(salts, promised, _find_commits(file, page_size, salts))


def count_missing(state: LogState, valid_frames: int) -> int:
    """How many acknowledged groups lie behind the first ``valid_frames`` frames, as far as is known."""
    behind = [frame for frame in state.commit_frames if frame > valid_frames]
    promised = [frame for frame in behind if frame <= state.promised_frames]
    if promised:
        return max(len(promised), len(behind) - 1)
    if state.promised_frames > valid_frames:
        return 1  # The frames themselves are gone; how many groups they held is not known.
    # The last group may never have been synced: a crash leaves it in pieces, and nobody was told that it is durable.
    return max(0, len(behind) - 1)


def count_valid_frames(connection: apsw.Connection) -> int:
    """The frames that SQLite found whole when it opened the log. Changes nothing."""
    frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    return max(0, frames)


def rewrite_frames(database: Path, after: int, up_to: int) -> None:
    """Write the log's frames behind number ``after``, up to number ``up_to``, in place a second time, and sync them.

    A sync that failed leaves its frames in the operating system's cache, where the system takes them for written: they
    are read back, no later sync saves them, and a power cut takes them away, with all that was built on them. Call it
    before anything is built on them, while the write lock is held. https://lwn.net/Articles/752063/
    """
    file = apsw.VFSFile("", str(log_path(database)), [apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_READWRITE, 0])
    try:
        stride = _FRAME.size + _page_size(database)
        # The header too, if no frame behind it is known to be on disk.
        start = _HEADER.size + after * stride if after else 0
        end = min(_HEADER.size + up_to * stride, file.xFileSize())
        for offset in range(start, end, stride):
            file.xWrite(file.xRead(min(stride, end - offset), offset), offset)
        file.xSync(apsw.SQLITE_SYNC_FULL)
    finally:
        file.xClose()


def is_log_whole(database: Path, frames: int) -> bool:
    """Whether the log's first ``frames`` frames still fit their checksums.

    SQLite verifies them when it opens a log, and not again. So a copy is opened: it lives for milliseconds, in the
    operating system's memory.
    """
    with tempfile.TemporaryDirectory(prefix="log-check-", dir=database.parent) as folder:
        copy = Path(folder) / "copy.db"
        with database.open("rb") as file:
            copy.write_bytes(file.read(_page_size(database)))
        shutil.copyfile(log_path(database), log_path(copy))
        connection = apsw.Connection(str(copy), vfs="unix" if os.name == "posix" else None)
        try:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.execute("PRAGMA schema_version").fetchall()
            return count_valid_frames(connection) >= frames
        except apsw.Error:
            return False
        finally:
            connection.close()


def _find_commits(log: BinaryIO, page_size: int, salts: tuple[int, int]) -> tuple[int, ...]:
    stride = _FRAME.size + page_size
    count = max(0, log.seek(0, os.SEEK_END) - _HEADER.size) // stride
    file, commits = log.fileno(), []
    for number in range(1, count + 1):
        header = os.pread(file, _FRAME.size, _HEADER.size + (number - 1) * stride)
        if len(header) < _FRAME.size:
            break  # a process that runs has cut the log meanwhile
        _, pages_after, salt1, salt2, _, _ = _FRAME.unpack(header)
        if pages_after and (salt1, salt2) == salts:
            commits.append(number)
    return tuple(commits)


def _is_header_whole(head: bytes) -> bool:
    order = ">" if head[3] & 1 else "<"
    first = second = 0
    words = struct.unpack(f"{order}6I", head[:24])
    for left, right in zip(words[::2], words[1::2], strict=True):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return (first, second) == _SALTS.unpack(head[24:32])


def _page_size(database: Path) -> int:
    with database.open("rb") as file:
        head = file.read(100)
    size = int.from_bytes(head[16:18], "big") if len(head) == 100 else 4096
    return 65536 if size == 1 else size or 4096


def _read_mark(path: Path) -> tuple[tuple[int, int], int]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return (0, 0), 0
    if len(content) != _MARK.size:
        return (0, 0), 0
    salt1, salt2, frames = _MARK.unpack(content)
    return (salt1, salt2), frames


def _read_salts(log: Path) -> tuple[int, int]:
    with log.open("rb") as file:
        file.seek(_SALTS_AT)
        salt1, salt2 = _SALTS.unpack(file.read(_SALTS.size))
    return salt1, salt2
