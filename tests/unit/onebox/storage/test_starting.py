"""Goal: a start that cannot keep the promises is refused with the reason, before onebox says that it is ready."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from onebox.storage import starting
from onebox.storage.opening import DatabaseUnusable
from onebox.storage.starting import FREE_BYTES_MIN, STARTS_KEPT, open_database

NOW_MS = 1_700_000_000_000


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_start_on_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, FREE_BYTES_MIN - 1))
    with pytest.raises(DatabaseUnusable, match=r"is full: .* KiB are free, .* --data DIR"):
        open_database(tmp_path / "onebox.db", "test", NOW_MS)
    assert list(tmp_path.iterdir()) == []


def test_start_while_another_program_writes_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "onebox.db"
    open_database(path, "test", NOW_MS).close()
    other = apsw.Connection(str(path), vfs="cksmvfs")
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(starting, "_START_BUSY_TIMEOUT_MS", 1)
    with pytest.raises(DatabaseUnusable, match="another program holds the database's write lock"):
        open_database(path, "test", NOW_MS)
    other.execute("ROLLBACK")
    other.close()
    open_database(path, "test", NOW_MS).close()


def test_start_on_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "onebox.db"
    path.write_bytes(b"not a database " * 1_000)
    with pytest.raises(DatabaseUnusable, match="onebox check"):
        open_database(path, "test", NOW_MS)
    assert path.read_bytes() == b"not a database " * 1_000


def test_starts_are_noted_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "onebox.db"
    for number in range(STARTS_KEPT + 3):
        connection = open_database(path, "test", NOW_MS + number)
        newest, count = connection.execute("SELECT max(started_at_ms), count(*) FROM storage_start").fetchall()[0]
        connection.close()
    assert (newest, count) == (NOW_MS + STARTS_KEPT + 2, STARTS_KEPT)
