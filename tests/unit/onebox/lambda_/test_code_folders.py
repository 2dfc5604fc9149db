"""Goal: what a process runs is what the database holds, whatever happened to the files."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from onebox.ids import RandomIds
from onebox.services.lambda_.execution.code_folders import CodeFolder, CodeFolders
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion
from onebox.services.pieces import Pieces
from tests.api.lambda_support import zipped

ARCHIVE = Pieces.of(zipped({"app.py": "CODE = 1\n", "pack/inner.py": "X = 1\n", "data": "d"}))


def function(name: str = "f", code_sha256: str = "1") -> FunctionVersion:
    return FunctionVersion(FunctionKey("1", "us-east-1", name), LATEST, {}, "r", code_sha256, 1, 0, None)


def writable(path: Path) -> Path:
    os.chmod(path.parent, 0o700)
    if path.exists():
        os.chmod(path, 0o600)
    return path


def loaded(archives: list[Pieces]) -> Callable[[], Awaitable[list[Pieces]]]:
    async def load() -> list[Pieces]:
        return archives

    return load


def rewrite_with_the_same_size_and_time(folder: CodeFolder) -> None:
    path = writable(folder.task / "app.py")
    before = path.stat()
    path.write_bytes(b"CODE = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_a_link_in_place_of_the_data(folder: CodeFolder) -> None:
    writable(folder.task / "data").unlink()
    (folder.task / "data").symlink_to("/etc")


def remove_the_folder(folder: CodeFolder) -> None:
    os.chmod(folder.path, 0o700)
    shutil.rmtree(folder.path, ignore_errors=True)


DAMAGE: dict[str, Callable[[CodeFolder], object]] = {
    "truncated": lambda folder: writable(folder.task / "app.py").write_bytes(b""),
    "rewritten": rewrite_with_the_same_size_and_time,
    "removed": lambda folder: writable(folder.task / "data").unlink(),
    "added": lambda folder: writable(folder.task / "json.py").write_bytes(b"raise SystemExit"),
    "linked": put_a_link_in_place_of_the_data,
    "renamed": lambda folder: writable(folder.task / "data").rename(folder.task / "date"),
    "gone": remove_the_folder,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_take_changed_folder_is_made_anew(tmp_path: Path, damage: Callable[[CodeFolder], object]) -> None:
    async def run() -> None:
        folders = CodeFolders(tmp_path / "code", RandomIds())
        first = await folders.take(function(), loaded([ARCHIVE]))
        assert await folders.take(function(), loaded([ARCHIVE])) is first
        damage(first)
        second = await folders.take(function(), loaded([ARCHIVE]))
        assert second is not first
        assert (second.task / "app.py").read_text() == "CODE = 1\n"
        assert sorted(path.name for path in second.task.iterdir()) == ["__pycache__", "app.py", "data", "pack"]

    asyncio.run(run())


def test_take_bytecode_of_the_functions_modules_is_no_change(tmp_path: Path) -> None:
    async def run() -> None:
        folders = CodeFolders(tmp_path / "code", RandomIds())
        folder = await folders.take(function(), loaded([ARCHIVE]))
        (folder.task / "__pycache__/app.pyc").write_bytes(b"x")
        (folder.task / "pack/__pycache__/inner.pyc").write_bytes(b"x")
        assert await folders.take(function(), loaded([ARCHIVE])) is folder

    asyncio.run(run())


def test_take_two_functions_with_the_same_code_have_a_folder_each(tmp_path: Path) -> None:
    async def run() -> None:
        folders = CodeFolders(tmp_path / "code", RandomIds())
        taken = [await folders.take(function(name), loaded([ARCHIVE])) for name in ("a", "b")]
        assert taken[0].path != taken[1].path
        for folder in taken:
            assert all(path.stat().st_mode & 0o222 == 0 for path in folder.task.rglob("*") if path.is_file())
            assert folder.task.stat().st_mode & 0o222 == 0

    asyncio.run(run())


def test_release_outdated_folder_is_removed_after_its_last_user(tmp_path: Path) -> None:
    async def run() -> None:
        folders = CodeFolders(tmp_path / "code", RandomIds())
        old = await folders.take(function(), loaded([ARCHIVE]))
        new = await folders.take(function(code_sha256="2"), loaded([ARCHIVE]))
        assert old.path.exists()
        folders.release(old)
        folders.release(new)
        folders.forget(function().key, None)
        await asyncio.get_running_loop().shutdown_default_executor()
        assert list((tmp_path / "code").iterdir()) == []

    asyncio.run(run())


def test_take_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        folders = CodeFolders(tmp_path / "code", RandomIds())
        with pytest.raises(Exception, match="Could not unzip"):
            await folders.take(function(), loaded([Pieces.of(bytes(ARCHIVE)[:-40])]))
        assert list((tmp_path / "code").iterdir()) == []

    asyncio.run(run())


def test_take_layers_lie_over_each_other_in_their_order(tmp_path: Path) -> None:
    async def run() -> None:
        folders = CodeFolders(tmp_path / "code", RandomIds())
        layers = [Pieces.of(zipped(files)) for files in ({"python/a.py": "1", "bin/x": "1"}, {"python/a.py": "2"})]
        folder = await folders.take(function(), loaded([ARCHIVE, *layers]))
        assert (folder.opt / "python/a.py").read_text() == "2"
        assert (folder.opt / "bin/x").read_text() == "1"

    asyncio.run(run())
