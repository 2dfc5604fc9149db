"""Orders that wait to be published: on disk, or in memory.

Promises of the disk's: what ``append`` returned for survives kill -9 and power loss; orders come out in the order
in which they went in, also for the next process; none is forgotten before it is accepted. An order may come out
again after a crash, which changes nothing at the other end.

Orders are appended to segments, each record a line with its checksum; a small file holds how far they were
accepted. A segment's number is never used twice and a process never appends to another's segment, so a position
that is older than the segments, or the torn end of a segment, costs a repetition and nothing else.
Knows nothing of SNS.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from io import FileIO
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

from orders.errors import OperatorError

if sys.platform != "win32":
    import fcntl

_log = logging.getLogger("orders.spool")

SEGMENT_BYTES = 16 * 1024 * 1024


class Spool(Protocol):
    """Waiting orders, first in first out. One thread takes them out, several may put them in."""

    @property
    def waiting(self) -> int: ...

    @property
    def waiting_bytes(self) -> int: ...

    def append(self, texts: Sequence[str]) -> None:
        """Keep these; they are safe when it returns. Raises OSError, and then keeps none of them for certain."""

    def peek(self, count: int) -> list[str]:
        """Those that have waited longest."""

    def remove(self, count: int) -> None:
        """Forget as many of those last looked at: they are accepted, or refused and set aside."""

    def texts(self, count: int) -> list[str]:
        """The same as ``peek``, for any thread."""

    def record_refused(self, text: str, code: str, reason: str) -> None:
        """Keep an order that SNS refused for its own sake."""

    def close(self) -> None: ...


class MemorySpool:
    """Lost with the process."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._lock = Lock()
        self.waiting_bytes = 0

    @property
    def waiting(self) -> int:
        return len(self._texts)

    def append(self, texts: Sequence[str]) -> None:
        with self._lock:
            self._texts.extend(texts)
            self.waiting_bytes += sum(map(len, texts))

    def peek(self, count: int) -> list[str]:
        with self._lock:
            return list(islice(self._texts, count))

    texts = peek

    def remove(self, count: int) -> None:
        with self._lock:
            for _ in range(count):
                self.waiting_bytes -= len(self._texts.popleft())

    def record_refused(self, text: str, code: str, reason: str) -> None:
        return

    def close(self) -> None:
        return


class Position(NamedTuple):
    """A place between two records."""

    segment: int
    offset: int


class _Record(NamedTuple):
    text: str
    length: int
    end: Position


class FileSpool:
    """A folder of segments, held by one process at a time."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._held = _hold(folder)
        self._lock = Lock()  # guards what several threads write: the segments and the counts
        self._sync_lock = Lock()
        self._position_file = FileIO(os.open(folder / "accepted", os.O_RDWR | os.O_CREAT, 0o600), "r+")
        self._position = self._load_position()
        # Segments before the position were accepted whole; a crash came before their removal.
        for number in self._segments():
            if number < self._position.segment:
                self._path(number).unlink()
        self._last = max([*self._segments(), self._position.segment])
        self._writer: FileIO | None = None
        self._written = 0  # bytes of the last segment that are whole records
        self._appends = 0  # calls of append, to know which of them a sync covers
        self._synced = 0
        self._failure: OSError | None = None
        self._ahead: deque[_Record] = deque()
        damaged: list[bytes] = []
        lengths = [record.length for record in self._read(self._position, damaged)]
        self.waiting, self.waiting_bytes = len(lengths), sum(lengths)
        self._keep_damaged(damaged)
        self._reading = self._read(self._position)

    def append(self, texts: Sequence[str]) -> None:
        records = [_encode(text) for text in texts]
        with self._lock:
            if self._failure is not None:
                raise self._failure
            writer = self._open_writer()
            self._write(writer, b"".join(records))
            self.waiting += len(records)
            self.waiting_bytes += sum(map(len, records))
            self._appends += 1
            ours = self._appends
        self._sync(ours)

    def peek(self, count: int) -> list[str]:
        while len(self._ahead) < count:
            record = next(self._reading, None)
            if record is None:
                # It ended where the spool did when it began; what came since is read from there.
                self._reading = self._read(self._ahead[-1].end if self._ahead else self._position)
                record = next(self._reading, None)
            if record is None:
                break
            self._ahead.append(record)
        return [record.text for record in islice(self._ahead, count)]

    def remove(self, count: int) -> None:
        removed = [self._ahead.popleft() for _ in range(count)]
        if not removed:
            return
        before, self._position = self._position, removed[-1].end
        # Not synced: an older position costs a repetition, a sync for each call would cost more.
        self._position_file.seek(0)
        self._position_file.write(b"%020d %020d\n" % self._position)
        with self._lock:
            self.waiting -= count
            self.waiting_bytes -= sum(record.length for record in removed)
        for number in range(before.segment, self._position.segment):
            self._path(number).unlink(missing_ok=True)

    def texts(self, count: int) -> list[str]:
        return [record.text for record in islice(self._read(self._position), count)]

    def record_refused(self, text: str, code: str, reason: str) -> None:
        """Refused orders are in refused.jsonl, with their reason."""
        line = json.dumps({"code": code, "reason": reason, "order": text}) + "\n"
        with (self._folder / "refused.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())

    def close(self) -> None:
        """Let go of the folder; what waits, waits for the next."""
        with self._lock:
            self._close_writer()
            if self.waiting == 0 and self._failure is None:
                for number in self._segments():
                    self._path(number).unlink()
            self._position_file.close()
            os.close(self._held)

    # --- Writing ------------------------------------------------------------------------------------------------------

    def _open_writer(self) -> FileIO:
        if self._writer is not None and self._written >= self._segment_bytes:
            self._close_writer()
        if self._writer is None:
            number = self._last + 1
            self._writer = FileIO(self._path(number), "xb")
            self._last, self._written = number, 0
            _sync_folder(self._folder)
        return self._writer

    def _write(self, writer: FileIO, content: bytes) -> None:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[writer.write(rest) or 0 :]
        except OSError:
            # The disk is full, say: what lies behind the last whole record is cut off.
            writer.truncate(self._written)
            writer.seek(self._written)
            raise
        self._written += len(content)

    def _close_writer(self) -> None:
        """Whoever waits for a sync of this segment finds it done."""
        if self._writer is None:
            return
        os.fsync(self._writer.fileno())
        self._synced = self._appends
        self._writer.close()
        self._writer = None

    def _sync(self, ours: int) -> None:
        """Return when the call of ``append`` with this number is on the disk: one sync serves all who wait."""
        with self._sync_lock:
            with self._lock:
                if self._synced >= ours or self._writer is None:
                    return
                covered = self._appends
                handle = os.dup(self._writer.fileno())
            try:
                os.fsync(handle)
            except OSError as error:
                self._failure = error  # after a failed sync nobody knows what is on the disk
                raise
            finally:
                os.close(handle)
            with self._lock:
                self._synced = max(self._synced, covered)

    # --- Reading ------------------------------------------------------------------------------------------------------

    def _read(self, position: Position, damaged: list[bytes] | None = None) -> Iterator[_Record]:
        """The records from there to the last whole one; what is no record is passed over, into ``damaged``."""
        for number in self._segments():
            if number < position.segment:
                continue
            offset = position.offset if number == position.segment else 0
            try:
                stream = self._path(number).open("rb")
            except FileNotFoundError:
                continue  # accepted whole, meanwhile
            with stream:
                stream.seek(offset)
                while True:
                    limit = self._limit(number)
                    if limit is not None and offset >= limit:
                        break
                    line = stream.readline()
                    if not line:
                        break
                    offset += len(line)
                    text = _decode(line)
                    if text is not None:
                        yield _Record(text, len(line), Position(number, offset))
                    elif damaged is not None:
                        damaged.append(line)

    def _keep_damaged(self, lines: list[bytes]) -> None:
        """Usually the torn end of an append that never returned; should it be more, it is not thrown away."""
        if lines:
            _log.warning("%d damaged records of the spool %s are kept in its file damaged", len(lines), self._folder)
            with (self._folder / "damaged").open("ab") as stream:
                stream.writelines(line.rstrip(b"\n") + b"\n" for line in lines)

    def _limit(self, number: int) -> int | None:
        """How far a segment may be read; None to its end."""
        with self._lock:
            return self._written if number == self._last and self._writer is not None else None

    def _segments(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob("*.spool") if path.stem.isdigit())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}.spool"

    def _load_position(self) -> Position:
        try:
            segment, offset = self._position_file.read().split()
            return Position(int(segment), int(offset))
        except ValueError:
            return Position(0, 0)  # a new folder, or a torn line: all is sent again, which is harmless


def _encode(text: str) -> bytes:
    payload = json.dumps(text).encode()
    return b"%08x %b\n" % (zlib.crc32(payload), payload)


def _decode(line: bytes) -> str | None:
    checksum, _, payload = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(payload):
        return None
    return str(json.loads(payload))


def _hold(folder: Path) -> int:
    """The folder's lock: the kernel lets go of it when the process ends, however it ends."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise OperatorError(
                f"another publisher uses the spool {folder}", "Give each process its own folder."
            ) from error
    return handle


def _sync_folder(folder: Path) -> None:
    """A new file is there after a power loss only if its folder was synced too."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
