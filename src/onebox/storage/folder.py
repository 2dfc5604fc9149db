"""The data folder: made if missing, held by one process at a time.

The lock is the operating system's (flock): it ends with the process, however that ends, so no stale lock is left.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

DATABASE_NAME = "onebox.db"


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
        os.ftruncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())

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
