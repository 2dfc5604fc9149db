"""Orders that wait to be published: on disk, or in memory.

Promises of the spool on disk: once ``append`` returns, its orders survive kill -9 and power loss. Orders are read in
the order they were appended, also by the next process. No order is removed before it is accepted or refused. After a
crash an order may be read again, which is harmless because the processor detects duplicates.

Orders are appended to segments; each record is a line with a checksum. A small file holds the position up to which
orders were accepted. Segment numbers are never reused, and a process never appends to another process's segment. An
outdated position or a torn segment end therefore causes repetition, never loss.
Independent of SNS.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
DISCARD_BATCH = 1_000


class SpooledOrder(NamedTuple):
    """An order's text, and the trace context that it belongs to."""

    text: str
    traceparent: str | None = None


class Spool(Protocol):
    """A FIFO queue of waiting orders: several threads may append, one thread reads and removes."""

    @property
    def waiting(self) -> int: ...

    @property
    def waiting_bytes(self) -> int: ...

    def append(self, orders: Sequence[SpooledOrder]) -> None:
        """Append orders; they are durable when it returns. After an OSError, none of them is guaranteed to be kept."""

    def peek(self, count: int) -> list[SpooledOrder]:
        """The orders that have waited longest."""

    def remove(self, count: int) -> None:
        """Remove this many of the orders last read: each was accepted, or refused and recorded."""

    def orders(self, count: int) -> list[SpooledOrder]:
        """Like ``peek``, but safe from any thread."""

    def record_refused(self, text: str, code: str, reason: str) -> None:
        """Record an order that SNS refused because of its content."""

    def close(self) -> None: ...


class MemorySpool:
    """Keeps orders in memory; they are lost when the process ends."""

    def __init__(self) -> None:
        self._orders: deque[SpooledOrder] = deque()
        self._lock = Lock()
        self.waiting_bytes = 0

    @property
    def waiting(self) -> int:
        return len(self._orders)

    def append(self, orders: Sequence[SpooledOrder]) -> None:
        with self._lock:
            self._orders.extend(orders)
            self.waiting_bytes += sum(len(order.text) for order in orders)

    def peek(self, count: int) -> list[SpooledOrder]:
        with self._lock:
            return list(islice(self._orders, count))

    orders = peek

    def remove(self, count: int) -> None:
        with self._lock:
            for _ in range(count):
                self.waiting_bytes -= len(self._orders.popleft().text)

    def record_refused(self, text: str, code: str, reason: str) -> None:
        return

    def close(self) -> None:
        return


class Position(NamedTuple):
    """A position between two records."""

    segment: int
    offset: int


class _Record(NamedTuple):
    order: SpooledOrder
    length: int
    end: Position


class FileSpool:
    """A folder of segments, locked by one process at a time."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._held = _hold(folder)
        self._lock = Lock()  # guards the segments and the counts
        self._sync_lock = Lock()
        self._position_file = FileIO(os.open(folder / "accepted", os.O_RDWR | os.O_CREAT, 0o600), "r+")
        self._position = self._load_position()
        # Segments before the position were accepted entirely; a crash prevented their removal.
        for number in self._segments():
            if number < self._position.segment:
                self._path(number).unlink()
        self._last = max([*self._segments(), self._position.segment])
        self._writer: FileIO | None = None
        self._written = 0  # bytes of complete records in the last segment
        self._appends = 0  # calls of append; shows which calls a sync covers
        self._synced = 0
        self._failure: OSError | None = None
        self._ahead: deque[_Record] = deque()
        damaged: list[bytes] = []
        lengths = [record.length for record in self._read(self._position, damaged)]
        self.waiting, self.waiting_bytes = len(lengths), sum(lengths)
        self._keep_damaged(damaged)
        self._reading = self._read(self._position)

    def append(self, orders: Sequence[SpooledOrder]) -> None:
        records = [_encode(order) for order in orders]
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

    def peek(self, count: int) -> list[SpooledOrder]:
        while len(self._ahead) < count:
            record = next(self._reading, None)
            if record is None:
                # The iterator reached the spool's former end; later records are read from there.
                self._reading = self._read(self._ahead[-1].end if self._ahead else self._position)
                record = next(self._reading, None)
            if record is None:
                break
            self._ahead.append(record)
        return [record.order for record in islice(self._ahead, count)]

    def remove(self, count: int) -> None:
        removed = [self._ahead.popleft() for _ in range(count)]
        if not removed:
            return
        before, self._position = self._position, removed[-1].end
        # Not synced: an outdated position only repeats orders, and a sync for each call would be slower.
        self._position_file.seek(0)
        self._position_file.write(b"%020d %020d\n" % self._position)
        with self._lock:
            self.waiting -= count
            self.waiting_bytes -= sum(record.length for record in removed)
        for number in range(before.segment, self._position.segment):
            self._path(number).unlink(missing_ok=True)

    def orders(self, count: int) -> list[SpooledOrder]:
        return [record.order for record in islice(self._read(self._position), count)]

    def discard(self, is_unwanted: Callable[[str], bool]) -> int:
        """Remove waiting orders for good, before the first ``append``: the rest is written to a new segment, and the
        old ones are deleted. After a crash in between, orders are read twice.
        """
        assert self._writer is None
        unwanted = sum(is_unwanted(record.order.text) for record in self._read(self._position))
        if not unwanted:
            return 0
        old = self._segments()
        start = Position(self._last + 1, 0)
        kept = (record.order for record in self._read(self._position) if not is_unwanted(record.order.text))
        while batch := list(islice(kept, DISCARD_BATCH)):
            self.append(batch)
        self._position = start
        self._position_file.seek(0)
        self._position_file.write(b"%020d %020d\n" % start)
        os.fsync(self._position_file.fileno())
        for number in old:
            self._path(number).unlink(missing_ok=True)
        self._last = max(self._last, start.segment)
        lengths = [record.length for record in self._read(start)]
        self.waiting, self.waiting_bytes = len(lengths), sum(lengths)
        self._ahead.clear()
        self._reading = self._read(start)
        return unwanted

    def record_refused(self, text: str, code: str, reason: str) -> None:
        """Append the refused order and its reason to refused.jsonl."""
        line = json.dumps({"code": code, "reason": reason, "order": text}) + "\n"
        with (self._folder / "refused.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())

    def close(self) -> None:
        """Release the folder; waiting orders remain for the next process."""
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
            # For example, the disk is full: truncate after the last complete record.
            writer.truncate(self._written)
            writer.seek(self._written)
            raise
        self._written += len(content)

    def _close_writer(self) -> None:
        """Sync the segment, for all threads that wait for it."""
        if self._writer is None:
            return
        os.fsync(self._writer.fileno())
        self._synced = self._appends
        self._writer.close()
        self._writer = None

    def _sync(self, ours: int) -> None:
        """Return once the numbered ``append`` call is on disk; one sync serves all waiting threads."""
        with self._sync_lock:
            with self._lock:
                if self._synced >= ours or self._writer is None:
                    return
                covered = self._appends
                handle = os.dup(self._writer.fileno())
            try:
                os.fsync(handle)
            except OSError as error:
                self._failure = error  # after a failed sync the content of the disk is unknown
                raise
            finally:
                os.close(handle)
            with self._lock:
                self._synced = max(self._synced, covered)

    # --- Reading ------------------------------------------------------------------------------------------------------

    def _read(self, position: Position, damaged: list[bytes] | None = None) -> Iterator[_Record]:
        """The records from a position to the last complete one; invalid bytes are skipped and saved to ``damaged``."""
        for number in self._segments():
            if number < position.segment:
                continue
            offset = position.offset if number == position.segment else 0
            try:
                stream = self._path(number).open("rb")
            except FileNotFoundError:
                continue  # accepted entirely in the meantime
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
                    order = _decode(line)
                    if order is not None:
                        yield _Record(order, len(line), Position(number, offset))
                    elif damaged is not None:
                        damaged.append(line)

    def _keep_damaged(self, lines: list[bytes]) -> None:
        """Save invalid bytes. They are usually the torn end of an unfinished append, but might hold more."""
        if lines:
            _log.warning("%d damaged records of the spool %s are kept in its file damaged", len(lines), self._folder)
            with (self._folder / "damaged").open("ab") as stream:
                stream.writelines(line.rstrip(b"\n") + b"\n" for line in lines)

    def _limit(self, number: int) -> int | None:
        """The readable length of a segment; None for all of it."""
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
            return Position(0, 0)  # a new folder or a torn line: everything is sent again, which is harmless


def _encode(order: SpooledOrder) -> bytes:
    """The text alone, or a list of both."""
    payload = json.dumps(order.text if order.traceparent is None else order).encode()
    return b"%08x %b\n" % (zlib.crc32(payload), payload)


def _decode(line: bytes) -> SpooledOrder | None:
    checksum, _, payload = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(payload):
        return None
    content = json.loads(payload)
    return SpooledOrder(*content) if isinstance(content, list) else SpooledOrder(content)


def _hold(folder: Path) -> int:
    """Lock the folder; the kernel releases the lock whenever the process ends."""
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
    """Sync the folder: a new file survives power loss only if its folder was synced too."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
