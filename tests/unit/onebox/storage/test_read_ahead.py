"""Goal: a database that is not in memory is read ahead, within bounds; one that is in memory is left alone."""

from __future__ import annotations

import asyncio
import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

import apsw
import pytest

from onebox.config import Settings
from onebox.engine import Engine
from onebox.storage.folder import DATABASE_NAME
from onebox.storage.opening import open_connection
from onebox.storage.page_cache import LinuxPageCache
from onebox.storage.read_ahead import (
    FILE_BYTES_MIN,
    LOOK_EVERY_MS,
    LOOP_BYTES_MAX,
    PASS_EVERY_MS,
    PIECE_BYTES,
    PIECES_BEFORE_MEMORY_CHECK,
    ReadAhead,
)
from onebox.testing import ManualClock
from tests.polling import until

FILE_BYTES = 50 * PIECE_BYTES + 12_345
WHOLE = [(offset, min(PIECE_BYTES, FILE_BYTES - offset)) for offset in range(0, FILE_BYTES, PIECE_BYTES)]
HOUR_MS = 3_600_000
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads ahead on Linux only")


class FakePageCache:
    """Says what the test wants, and notes what was read; ``during`` is called for each piece."""

    def __init__(self, available: int = 2 * FILE_BYTES, during: Callable[[], None] = lambda: None) -> None:
        self.loop_bytes = 0
        self.available = available
        self.during = during
        self.pieces: list[tuple[int, int]] = []

    def bytes_read(self) -> int:
        return self.loop_bytes

    def bytes_available(self) -> int:
        return self.available

    def read(self, file: int, offset: int, length: int) -> None:
        assert os.fstat(file).st_size >= offset + length
        self.pieces.append((offset, length))
        self.during()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "t.db"
    path.touch()
    os.truncate(path, FILE_BYTES)
    return path


def test_start_reads_the_whole_file_once(database: Path) -> None:
    cache = FakePageCache()

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        ahead.start()
        _wait_for_pass()
        assert cache.pieces == WHOLE
        await clock.advance(2 * PASS_EVERY_MS / 1000)
        _wait_for_pass()
        assert cache.pieces == WHOLE, "the loop has read nothing"

    _run(database, cache, work)


def test_file_is_read_again_when_the_loop_had_to_read_from_the_disk(database: Path) -> None:
    cache = FakePageCache()

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        cache.loop_bytes = 100 * LOOP_BYTES_MAX  # of the start, before the first pass
        ahead.start()
        _wait_for_pass()
        for _ in range(PASS_EVERY_MS // LOOK_EVERY_MS - 1):
            cache.loop_bytes += LOOP_BYTES_MAX + 1
            await clock.advance(LOOK_EVERY_MS / 1000)
        _wait_for_pass()
        assert cache.pieces == WHOLE, "one pass a minute"
        cache.loop_bytes += LOOP_BYTES_MAX
        await clock.advance(LOOK_EVERY_MS / 1000)
        _wait_for_pass()
        assert cache.pieces == WHOLE, "so little is no reason"
        cache.loop_bytes += LOOP_BYTES_MAX + 1
        await clock.advance(LOOK_EVERY_MS / 1000)
        _wait_for_pass()
        assert cache.pieces == 2 * WHOLE

    _run(database, cache, work)


@pytest.mark.parametrize("available", [0, 2 * FILE_BYTES - 2])
def test_file_that_would_take_more_than_half_of_the_memory_is_left_alone(database: Path, available: int) -> None:
    cache = FakePageCache(available)

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        ahead.start()
        cache.loop_bytes = 100 * LOOP_BYTES_MAX
        await clock.advance(2 * PASS_EVERY_MS / 1000)
        _wait_for_pass()

    _run(database, cache, work)
    assert cache.pieces == []


def test_pass_ends_when_others_take_the_memory(database: Path) -> None:
    cache = FakePageCache()
    cache.during = lambda: setattr(cache, "available", FILE_BYTES)

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        ahead.start()
        _wait_for_pass()

    _run(database, cache, work)
    assert cache.pieces == WHOLE[:PIECES_BEFORE_MEMORY_CHECK]


def test_small_file_is_left_alone(database: Path) -> None:
    os.truncate(database, FILE_BYTES_MIN - 1)
    cache = FakePageCache()

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        ahead.start()
        _wait_for_pass()

    _run(database, cache, work)
    assert cache.pieces == []


def test_disk_is_left_to_others_after_each_piece_and_stop_does_not_wait_for_that(database: Path) -> None:
    clock = ManualClock()
    has_read = threading.Event()
    cache = FakePageCache()
    now_ms = [0.0]
    clock.monotonic_ms = lambda: now_ms[0]  # type: ignore[method-assign]

    def read_for_an_hour() -> None:
        now_ms[0] += HOUR_MS
        has_read.set()

    cache.during = read_for_an_hour

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        ahead.start()
        assert has_read.wait(60)
        ahead.stop()
        assert cache.pieces == WHOLE[:1]
        ahead.start()
        _wait_for_pass()
        assert cache.pieces == WHOLE[:1], "it was stopped"

    _run(database, cache, work, clock)


def test_disk_that_fails_ends_the_pass_alone(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = FakePageCache()

    def fail() -> None:
        cache.during = lambda: None
        raise OSError(5, "Input/output error")

    cache.during = fail

    async def work(clock: ManualClock, ahead: ReadAhead) -> None:
        ahead.start()
        _wait_for_pass()
        assert cache.pieces == WHOLE[:1]
        await clock.advance(PASS_EVERY_MS / 1000)
        cache.loop_bytes += LOOP_BYTES_MAX + 1
        await clock.advance(LOOK_EVERY_MS / 1000)
        _wait_for_pass()
        assert cache.pieces == WHOLE[:1] + WHOLE

    _run(database, cache, work)
    assert "Input/output error" in caplog.text


@linux_only
def test_engine_reads_its_database_after_a_start(tmp_path: Path) -> None:
    database = tmp_path / DATABASE_NAME
    connection = open_connection(database)
    connection.execute("CREATE TABLE filler (data BLOB)")
    connection.execute("INSERT INTO filler VALUES (?)", (bytes(2 * FILE_BYTES_MIN),))
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    # Closed at the end only: it would drop the engine's locks on the file, which is in the same process.
    file = os.open(database, os.O_RDONLY)
    _drop_from_memory(file)
    if _is_in_memory(file):
        pytest.skip("the temporary folder is not on a disk")

    async def work() -> None:
        engine = Engine(Settings(port=0, data=tmp_path))
        await engine.start()
        try:
            assert "read-ahead" not in _thread_names(), "nothing delays the first answer"
            await engine.resume()
            until(lambda: _is_in_memory(file), "the whole file in memory")
        finally:
            await engine.stop()
        assert "read-ahead" not in _thread_names()

    asyncio.run(work())
    os.close(file)


@linux_only
def test_what_was_read_ahead_costs_the_loop_no_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(2 * PIECE_BYTES))
    cache = LinuxPageCache()
    file = os.open(path, os.O_RDONLY)
    _drop_from_memory(file)
    for offset in (0, PIECE_BYTES):
        cache.read(file, offset, PIECE_BYTES)
    before = cache.bytes_read()
    assert os.pread(file, 2 * PIECE_BYTES, 0) == path.read_bytes()
    assert cache.bytes_read() == before
    os.close(file)


def _run(
    database: Path,
    cache: FakePageCache,
    work: Callable[[ManualClock, ReadAhead], Coroutine[None, None, None]],
    clock: ManualClock | None = None,
) -> None:
    async def run() -> None:
        of_run = clock or ManualClock()
        ahead = ReadAhead(database, of_run, cache)
        try:
            await work(of_run, ahead)
        finally:
            ahead.release()

    asyncio.run(run())


def _wait_for_pass() -> None:
    for thread in threading.enumerate():
        if thread.name == "read-ahead":
            thread.join(60)
            assert not thread.is_alive()


def _thread_names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def _drop_from_memory(file: int) -> None:
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _is_in_memory(file: int) -> bool:
    """Whether the page cache holds all of a file; asks without reading."""
    with mmap.mmap(file, 0, access=mmap.ACCESS_COPY) as content:
        pages = (ctypes.c_ubyte * -(-len(content) // mmap.PAGESIZE))()
        first = ctypes.c_char.from_buffer(content)
        failed = ctypes.CDLL(None).mincore(ctypes.byref(first), ctypes.c_size_t(len(content)), pages)
        del first  # a mapping with a reference to it cannot be closed
    assert not failed
    return all(page & 1 for page in pages)
