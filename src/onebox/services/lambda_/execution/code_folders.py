"""The unpacked code of functions: one folder for each build of a version, made from the database.

Promises: what a process runs is what the database holds. No folder outlives onebox's process, so that neither a power
cut nor anything that happened while onebox was not running can change code; within a process's life a folder is
compared, at each start of a worker, with what was unpacked, and made again if anything was changed, cut or removed. No
folder serves two functions, and the files are read-only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onebox.ids import Ids
from onebox.services.lambda_.model import FunctionKey, FunctionVersion
from onebox.services.lambda_.package import unpack
from onebox.services.pieces import Pieces

_Fingerprint = tuple[int, int, int, int, int]
_BYTECODE = "__pycache__"


@dataclass(eq=False, slots=True)
class CodeFolder:
    """The code of one build, and who uses it."""

    path: Path
    build: tuple[str, int]
    fingerprints: dict[str, _Fingerprint] = field(default_factory=dict)
    users: int = 0
    outdated: bool = False
    """Another folder has taken its place: it is removed after its last user."""

    @property
    def task(self) -> Path:
        """What is ``/var/task`` on AWS."""
        return self.path / "task"

    @property
    def opt(self) -> Path:
        """What is ``/opt`` on AWS: the layers."""
        return self.path / "opt"


class CodeFolders:
    """The folders in use, below ``root``."""

    def __init__(self, root: Path, ids: Ids) -> None:
        self._root = root
        self._ids = ids
        self._current: dict[tuple[FunctionKey, str], CodeFolder] = {}
        self._locks: dict[tuple[FunctionKey, str], asyncio.Lock] = {}

    def clear(self) -> None:
        """Remove what earlier processes left. Blocks."""
        remove_tree(self._root)

    async def take(
        self, function: FunctionVersion, load_archives: Callable[[], Awaitable[Sequence[Pieces]]]
    ) -> CodeFolder:
        """The folder of a version, unpacked and verified; give it back with :meth:`release`. ``load_archives`` gives
        the code's archive and those of the layers, in their order.

        Raises InvalidParameterValueException if an archive is damaged, OSError if the disk refuses."""
        key = (function.key, function.version)
        async with self._locks.setdefault(key, asyncio.Lock()):
            loop = asyncio.get_running_loop()
            folder = self._current.get(key)
            is_current = folder is not None and folder.build == function.build
            if folder is not None and is_current and await loop.run_in_executor(None, _is_intact, folder):
                folder.users += 1
                return folder
            made = CodeFolder(self._root / self._ids.hex(32), function.build, users=1)
            code, *layers = await load_archives()
            await loop.run_in_executor(None, _make, made, code, layers)
            self._outdate(key)
            self._current[key] = made
            return made

    def release(self, folder: CodeFolder) -> None:
        """A user of the folder has ended."""
        folder.users -= 1
        self._remove_if_unused(folder)

    def forget(self, function: FunctionKey, version: str | None) -> None:
        """A version of the function (None: all) changed or is gone: its folders end with their users."""
        for key in [key for key in self._current if key[0] == function and version in (None, key[1])]:
            self._outdate(key)
            if not self._locks[key].locked():
                del self._locks[key]

    def _outdate(self, key: tuple[FunctionKey, str]) -> None:
        folder = self._current.pop(key, None)
        if folder is not None:
            folder.outdated = True
            self._remove_if_unused(folder)

    def _remove_if_unused(self, folder: CodeFolder) -> None:
        if folder.outdated and not folder.users:
            asyncio.get_running_loop().run_in_executor(None, remove_tree, folder.path)


def remove_tree(path: Path) -> None:
    """Remove a folder whose folders may be read-only; what cannot be removed stays."""
    for folder, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)
    shutil.rmtree(path, ignore_errors=True)


def _make(folder: CodeFolder, code: Pieces, layers: Sequence[Pieces]) -> None:
    try:
        for layer in layers:
            unpack(layer, folder.opt)
        unpack(code, folder.task)
        _protect(folder.path)
    except BaseException:
        remove_tree(folder.path)
        raise
    folder.fingerprints = _fingerprints(folder.path)


def _protect(path: Path) -> None:
    """Take away the right to write, except where interpreters keep the bytecode of the function's own modules."""
    for folder, _, files in os.walk(path, topdown=False):
        if any(name.endswith(".py") for name in files):
            os.makedirs(os.path.join(folder, _BYTECODE), exist_ok=True)
        if os.path.basename(folder) != _BYTECODE:
            os.chmod(folder, 0o555)  # noqa: S103 - nobody may write, not even the owner


def _is_intact(folder: CodeFolder) -> bool:
    return bool(folder.fingerprints) and _fingerprints(folder.path) == folder.fingerprints


def _fingerprints(path: Path) -> dict[str, _Fingerprint]:
    """What changes when a file is written, replaced or renamed; the time of change (ctime) is the system's alone."""
    found: dict[str, _Fingerprint] = {}
    for folder, folders, files in os.walk(path):
        if _BYTECODE in folders:
            folders.remove(_BYTECODE)
        for name in (*folders, *files):
            place = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                status = os.lstat(place)
                is_file = stat.S_ISREG(status.st_mode)
                found[place] = (
                    status.st_ino,
                    status.st_mode,
                    status.st_size if is_file else 0,
                    status.st_mtime_ns if is_file else 0,
                    status.st_ctime_ns if is_file else 0,
                )
    return found
