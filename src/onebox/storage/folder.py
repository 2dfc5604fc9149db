"""The data folder: made if missing, held by one process at a time, its contents private.

The database holds secrets and the functions' folder holds code, so both belong to the user alone, whatever the mode of
the folder in which they lie and whatever the umask is.

The lock is the operating system's (flock): it ends with the process, however that ends, so no stale lock is left.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

DATABASE_NAME = "onebox.db"
FUNCTIONS_NAME = "lambda"


class DataFolderUnusable(Exception):
    """The folder cannot be used; the message says why and what to do."""


class DataFolder:
    """A locked data folder; a context manager."""

    def __init__(self, path: Path) -> None:
        """Take the folder. Raises :class:`DataFolderUnusable`."""
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(path / "onebox.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFolderUnusable(
                f"cannot write to the data folder {path}: {error.strerror}. Choose another one with --data DIR."
            ) from error
        if not _try_lock(self._lock):
            holder = os.read(self._lock, 20).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise DataFolderUnusable(
                f"another onebox (process {holder or 'unknown'}) uses the data folder {path}. "
                "Stop it, or choose another folder with --data DIR."
            )
        self._make_private()
        os.ftruncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())

    def prepare_database(self) -> Path:
        """The path of the database; an empty file that only the user can read if there is none. What SQLite makes
        beside it gets the same mode."""
        path = self.path / DATABASE_NAME
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return path

    def _make_private(self) -> None:
        """Take the group's and others' rights away, also from what an earlier version made."""
        try:
            (self.path / FUNCTIONS_NAME).mkdir(mode=0o700, exist_ok=True)
            os.chmod(self.path / FUNCTIONS_NAME, 0o700)
            for path in (self.path / "onebox.lock", *self.path.glob(f"{DATABASE_NAME}*")):
                os.chmod(path, 0o600)
        except OSError as error:
            os.close(self._lock)
            raise DataFolderUnusable(
                f"cannot make the data in {self.path} private: {error.strerror}. It belongs to another user; "
                "run onebox as that user, or choose another folder with --data DIR."
            ) from error

    def release(self) -> None:
        """Give the folder back."""
        os.close(self._lock)

    def __enter__(self) -> DataFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _try_lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _try_lock_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _try_lock_windows(descriptor: int) -> bool:
    import msvcrt

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True
