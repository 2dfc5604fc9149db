"""Goal: a log that was cut short is noticed at the start; a group that was never synced is no loss."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from onebox.storage.log_file import LogMark, is_log_whole, log_path, mark_path
from onebox.storage.opening import PAGE_BYTES, DatabaseUnusable, open_connection
from onebox.storage.starting import open_database
from tests.crash.disk import Entry, RecordingDisk, Sync, Write

GROUPS = 60
NOW_MS = 1_700_000_000_000


def keep_counts_in(pages: list[int]) -> Callable[[apsw.Connection, str, int], int]:
    """A hook that keeps how many pages the log has after each commit."""

    def hook(_connection: apsw.Connection, _name: str, count: int) -> int:
        pages.append(count)
        return apsw.SQLITE_OK

    return hook


def crashed_folder(folder: Path) -> Path:
    """A database with sixty committed groups in its log, as kill -9 leaves it."""
    folder.mkdir()
    path = folder / "onebox.db"
    connection = open_database(path, "test", NOW_MS)
    mark = LogMark(path)
    pages: list[int] = []
    connection.set_wal_hook(keep_counts_in(pages))
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
    for number in range(GROUPS):
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, bytes(3_000)))
    mark.written(pages[-1])
    mark.synced()
    mark.close()
    connection.close()  # leaves the log, as a crash does
    return path


def copy_of(path: Path, folder: Path) -> Path:
    shutil.copytree(path.parent, folder)
    return folder / path.name


def damage(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


def rows(path: Path, *, accept_loss: bool = False) -> int:
    connection = open_database(path, "test", NOW_MS, accept_loss=accept_loss)
    count = connection.execute("SELECT count(*) FROM t").fetchall()[0][0]
    connection.close()
    assert isinstance(count, int)
    return count


def test_start_after_a_crash_finds_everything(tmp_path: Path) -> None:
    assert rows(crashed_folder(tmp_path / "d")) == GROUPS


@pytest.mark.parametrize("has_mark", [True, False])
def test_start_with_a_log_damaged_in_its_middle_is_refused_and_says_what_is_missing(
    tmp_path: Path, has_mark: bool
) -> None:
    whole = crashed_folder(tmp_path / "d")
    chance = random.Random(5)
    size = log_path(whole).stat().st_size
    for number in range(20):
        path = copy_of(whole, tmp_path / str(number))
        if not has_mark:
            mark_path(path).unlink()
        # Without the mark, damage in the very last groups cannot be told from a group that was never synced.
        damage(log_path(path), chance.randrange(40, size if has_mark else size * 3 // 4))
        before = {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}
        with pytest.raises(DatabaseUnusable, match=r"damaged behind frame .* --accept-loss"):
            rows(path)
        after = {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}
        assert after == before, "a refused start changed the folder"


def test_start_with_accepted_loss_keeps_a_copy_of_the_log(tmp_path: Path) -> None:
    path = crashed_folder(tmp_path / "d")
    damage(log_path(path), log_path(path).stat().st_size * 9 // 10)
    damaged = log_path(path).read_bytes()
    assert 0 < rows(path, accept_loss=True) < GROUPS
    (kept,) = path.parent.glob("*.damaged-*")
    assert kept.read_bytes() == damaged
    assert rows(path) < GROUPS, "the next start asks again"


def test_start_with_a_damaged_header_of_the_log_is_refused(tmp_path: Path) -> None:
    path = crashed_folder(tmp_path / "d")
    damage(log_path(path), 17)
    with pytest.raises(DatabaseUnusable, match="damaged behind frame 0"):
        rows(path)


def test_start_without_the_log_that_the_mark_speaks_of_is_refused(tmp_path: Path) -> None:
    path = crashed_folder(tmp_path / "d")
    log_path(path).unlink()
    with pytest.raises(DatabaseUnusable, match="damaged"):
        rows(path)


def test_group_that_was_never_synced_is_no_loss(tmp_path: Path) -> None:
    path = crashed_folder(tmp_path / "d")
    mark_path(path).unlink()
    damage(log_path(path), log_path(path).stat().st_size - 2_000)
    assert rows(path) == GROUPS - 1


def test_log_is_checked_as_a_whole_while_it_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "onebox.db"
    connection = open_connection(path)
    pages: list[int] = []
    connection.set_wal_hook(keep_counts_in(pages))
    connection.execute("CREATE TABLE t (filler BLOB)")
    for _ in range(50):
        connection.execute("INSERT INTO t VALUES (?)", (bytes(3_000),))
    assert is_log_whole(path, pages[-1])
    damage(log_path(path), log_path(path).stat().st_size // 3)
    assert not is_log_whole(path, pages[-1])
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(50,)], "the check disturbed the database"
    connection.close()


def test_start_writes_what_may_not_be_on_disk_a_second_time(tmp_path: Path) -> None:
    # A failed sync leaves frames in the cache only: they are read, and the next sync does not save them.
    path = crashed_folder(tmp_path / "whole")
    content = log_path(path).read_bytes()
    promised = mark_frames(path) - 5
    set_mark(path, promised)
    journal: list[Entry] = []
    disk = RecordingDisk("recording-start", journal, is_default=True)
    try:
        assert rows(path) == GROUPS
    finally:
        disk.unregister()
    assert log_path(path).read_bytes()[: len(content)] == content
    writes = [entry for entry in journal if isinstance(entry, Write)]
    assert {entry.file for entry in writes} == {log_path(path).name}
    assert b"".join(entry.data for entry in writes) == content[32 + promised * STRIDE :]
    assert isinstance(journal[-1], Sync)


def test_start_writes_nothing_that_is_known_to_be_on_disk(tmp_path: Path) -> None:
    path = crashed_folder(tmp_path / "whole")
    journal: list[Entry] = []
    disk = RecordingDisk("recording-start", journal, is_default=True)
    try:
        assert rows(path) == GROUPS
    finally:
        disk.unregister()
    assert journal == []


STRIDE = 24 + PAGE_BYTES


def mark_frames(path: Path) -> int:
    return int.from_bytes(mark_path(path).read_bytes()[8:], "little")


def set_mark(path: Path, frames: int) -> None:
    content = mark_path(path).read_bytes()
    mark_path(path).write_bytes(content[:8] + frames.to_bytes(8, "little"))
