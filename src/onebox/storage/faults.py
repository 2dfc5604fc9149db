"""Which errors of SQLite mean that the disk or the file failed, and the operator's message for each.

A *fault* ends the process: nothing may be acknowledged, and nothing answered, on a database that cannot be trusted.
Every other error of SQLite (a constraint, a malformed statement) is a bug or a rule of the caller.
SQLite: https://www.sqlite.org/rescode.html
"""

from __future__ import annotations

import errno

import apsw

_FAULTS = (
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.FullError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.NoMemError,
)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_DAMAGED = (
    "a page of the database does not match its checksum or its structure: the file was damaged on disk or written by "
    "another program. Run `onebox check` to see how much is damaged, then `onebox restore` with the newest backup"
)


class DatabaseBusy(Exception):
    """Another program holds the database's write lock. Nothing was changed; the same job may be tried again."""

    def __init__(self) -> None:
        super().__init__(
            "another program holds the database's write lock (a SQLite shell, a backup tool or a virus scanner). "
            "onebox goes on when it lets go; `fuser onebox.db` in the data folder names the program"
        )


def is_fault(error: BaseException) -> bool:
    """Whether the error means that the disk or the file failed."""
    return isinstance(error, _FAULTS)


def describe(error: BaseException) -> str:
    """What failed, and the next step, in one sentence without a final full stop."""
    if isinstance(error, apsw.FullError) or getattr(error, "errno", 0) in _NO_SPACE:
        return "the disk is full. Free some space and start onebox again"
    if _is_damage(error):
        return _DAMAGED
    if isinstance(error, (apsw.ReadOnlyError, apsw.CantOpenError)):
        return f"the database cannot be written ({error}). Check the folder's permissions and the file system's mount"
    if isinstance(error, (apsw.IOError, OSError)):
        return f"the disk failed ({error}). Check the disk and its free space, then start onebox again"
    return f"{error}"


def _is_damage(error: BaseException) -> bool:
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
        return True
    return isinstance(error, apsw.IOError) and getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA
