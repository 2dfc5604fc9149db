"""Goal: what onebox keeps is private, whatever folder it lies in and whoever made it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from onebox.storage.folder import DATABASE_NAME, DataFolder
from onebox.testing import EngineThread

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")


@pytest.fixture(params=[0o022, 0o000], ids=["usual umask", "no umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    former = os.umask(request.param)
    yield
    os.umask(former)


def _open_to_others(folder: Path) -> list[str]:
    """What in a folder the group or others may read or write; below a folder that is closed nothing can be reached."""
    return [path.name for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_the_database_is_private_in_an_open_folder(umask: None, tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)
    with EngineThread(folder) as engine:
        engine.client("sqs").create_queue(QueueName="q")
        names = {path.name for path in folder.iterdir()}
        assert {DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"} <= names
        assert _open_to_others(folder) == []
    assert _open_to_others(folder) == []


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        engine.client("sqs").create_queue(QueueName="q")
    for path in tmp_path.iterdir():
        path.chmod(0o755 if path.is_dir() else 0o644)
    with EngineThread(tmp_path) as engine:
        assert engine.client("sqs").list_queues()["QueueUrls"]
        assert _open_to_others(tmp_path) == []


def test_a_folder_that_onebox_makes_is_private(umask: None, tmp_path: Path) -> None:
    with DataFolder(tmp_path / "new" / "data") as folder:
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
