"""Read the database file into the machine's page cache before the event loop needs it.

After a boot of the machine, or when other programs took the memory meanwhile, each order under a random id would read a
page of an index from the disk while the event loop waits. So a thread has the kernel read the whole file, piece by
piece: after a start, and when the loop had to read from the disk itself. What is in memory is passed over, in 20 ms of
the thread's time for a gigabyte, and no page comes into this process.

Bounds: the file must fit into half of the memory that can be given without swapping, since an index lies scattered over
all of the file and a part of it would help little; the disk is left to others after each piece; one pass a minute.
Why: docs/decisions/0010-read-ahead.md
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from onebox.clock import Clock, Timer
from onebox.storage.page_cache import PageCache

PIECE_BYTES = 2 * 1024 * 1024
"""Between two pieces the pass can pause or end: 16 ms on a disk of 125 MB/s."""
FILE_BYTES_MIN = 16 * 1024 * 1024
"""A smaller file is in memory after a few hundred reads."""
MEMORY_SHARE = 0.5
PIECES_BEFORE_MEMORY_CHECK = 32
LOOK_EVERY_MS = 1_000
LOOP_BYTES_MAX = 256 * 1024
"""Bytes that the loop may read from the disk between two looks without a pass."""
PASS_EVERY_MS = 60_000

_CACHED_MS_MAX = 0.5
"""A piece that came so fast was in memory."""
_PAUSE_SHARE = 0.25
"""Of the time that a piece took: a quarter as long the disk is left to others."""

_log = logging.getLogger("onebox.storage")


class ReadAhead:
    """Looks every second how much the event loop has read from the disk, and has the file read ahead by a thread."""

    def __init__(self, path: Path, clock: Clock, cache: PageCache) -> None:
        self._clock = clock
        self._cache = cache
        # Open until the database's connection is closed: closing it drops the locks of the whole process on the file.
        self._file = os.open(path, os.O_RDONLY)
        self._timer: Timer | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._seen_bytes = 0
        """What the loop had read at the last look."""
        self._next_pass_at_ms = 0

    def start(self) -> None:
        """Begin a pass, and to look; nothing after :meth:`stop`. Called on the event loop's thread."""
        if self._stopping.is_set():
            return
        self._seen_bytes = self._cache.bytes_read()
        self._begin_pass()
        self._wait()

    def stop(self) -> None:
        """End between two pieces. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def release(self) -> None:
        """Let go of the database file, after the connection was closed. Idempotent."""
        self.stop()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _wait(self) -> None:
        self._timer = self._clock.call_at(self._clock.steady_ms() + LOOK_EVERY_MS, self._look)

    def _look(self) -> None:
        read_bytes = self._cache.bytes_read()
        is_cold = read_bytes - self._seen_bytes > LOOP_BYTES_MAX
        self._seen_bytes = read_bytes
        if is_cold and self._clock.steady_ms() >= self._next_pass_at_ms:
            self._begin_pass()
        self._wait()

    def _begin_pass(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._next_pass_at_ms = self._clock.steady_ms() + PASS_EVERY_MS
        file_bytes = os.fstat(self._file).st_size
        if file_bytes >= FILE_BYTES_MIN and self._has_memory(file_bytes):
            self._thread = threading.Thread(target=self._read_file, args=(file_bytes,), name="read-ahead", daemon=True)
            self._thread.start()

    def _has_memory(self, file_bytes: int) -> bool:
        return file_bytes <= self._cache.bytes_available() * MEMORY_SHARE

    def _read_file(self, file_bytes: int) -> None:
        try:
            for number, offset in enumerate(range(0, file_bytes, PIECE_BYTES)):
                if self._stopping.is_set():
                    return
                if number % PIECES_BEFORE_MEMORY_CHECK == 0 and not self._has_memory(file_bytes):
                    return
                self._read_piece(offset, min(PIECE_BYTES, file_bytes - offset))
        except OSError as error:
            _log.warning("the database could not be read ahead: %s", error)

    def _read_piece(self, offset: int, length: int) -> None:
        began_ms = self._clock.monotonic_ms()
        self._cache.read(self._file, offset, length)
        took_ms = self._clock.monotonic_ms() - began_ms
        if took_ms > _CACHED_MS_MAX:
            self._stopping.wait(took_ms * _PAUSE_SHARE / 1000)
