"""Goal: a damaged page never becomes an answer; a database of an earlier version gains checksums once, whole."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path

import apsw
import pytest

from onebox.errors import StorageFault
from onebox.storage.copies import check
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection

ROWS = 3_000
FLIPS = 100


def no_progress(done: int, pages: int) -> None:
    """Nobody looks."""


def fill(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE price (item INTEGER PRIMARY KEY, cents TEXT)")
    with connection:
        connection.executemany("INSERT INTO price VALUES (?, ?)", ((n, f"{n}.99 " * 40) for n in range(ROWS)))


def close_clean(connection: apsw.Connection) -> None:
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    connection.close()


def flip_a_bit(path: Path, chance: random.Random) -> int:
    place = chance.randrange(path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return place


def read_all(path: Path) -> list[tuple[int, str]]:
    """What a Storage answers; raises StorageFault, or an error of SQLite's for a file that cannot be opened."""
    faults: list[StorageFault] = []
    connection = open_connection(path)
    try:
        return Storage(connection, faults.append).all("SELECT item, cents FROM price ORDER BY item")
    finally:
        connection.close()


def test_bit_flips_in_the_database_are_never_answers_and_always_found(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    whole = tmp_path / "whole.db"
    connection = open_connection(whole)
    fill(connection)
    close_clean(connection)
    truth = read_all(whole)
    assert len(truth) == ROWS
    for number in range(FLIPS):
        damaged = tmp_path / f"{number}.db"
        shutil.copy(whole, damaged)
        place = flip_a_bit(damaged, chance)
        try:
            answered = read_all(damaged)
        except (StorageFault, apsw.Error):
            answered = None
        assert answered in (None, truth), f"a flipped bit at {place} was answered as data"
        assert not check(damaged, no_progress).is_sound, f"the flipped bit at {place} was not noticed"


def test_read_of_a_damaged_page_reports_a_fault_that_names_the_next_command(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    connection = open_connection(path)
    fill(connection)
    close_clean(connection)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    connection = open_connection(path)
    faults: list[StorageFault] = []
    storage = Storage(connection, faults.append)
    with pytest.raises(StorageFault, match="onebox check"):
        storage.all("SELECT * FROM price")
    assert len(faults) == 1
    assert storage.has_failed
    connection.close()

    async def write() -> None:
        storage.run(lambda: None)

    with pytest.raises(StorageFault):
        asyncio.run(write())


def test_open_of_an_earlier_version_adds_checksums_and_keeps_every_row(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = apsw.Connection(str(path), vfs="unix")
    old.execute("PRAGMA journal_mode = WAL").fetchall()
    fill(old)
    old.execute("CREATE TABLE large AS SELECT a.item AS n, randomblob(3000) AS filler FROM price a LIMIT 3000")
    expected = old.execute("SELECT item, cents FROM price ORDER BY item").fetchall()
    old.close()
    assert path.read_bytes()[20] == 0
    connection = open_connection(path)
    assert connection.execute("SELECT item, cents FROM price ORDER BY item").fetchall() == expected
    assert connection.pragma("auto_vacuum") == 2
    close_clean(connection)
    assert path.read_bytes()[20] == 8
    health = check(path, no_progress)
    assert health.has_checksums
    assert health.is_sound
