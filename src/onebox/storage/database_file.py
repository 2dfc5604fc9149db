"""Whether a path names a database of onebox. What is in it may be damaged; ``copies.check`` finds that."""

from __future__ import annotations

from pathlib import Path

import apsw

from onebox.storage.folder import DATABASE_NAME
from onebox.storage.opening import open_reader

_MAGIC = b"SQLite format 3\0"
_FIRST_TABLE = "sqs_queue"
"""Of the first migration: every database of onebox has it."""


class NoDatabase(Exception):
    """The path names no database of onebox; the message says why and what to do."""


def require_database(path: Path) -> None:
    """Raises NoDatabase unless the file is a database of onebox. Changes nothing."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except IsADirectoryError:
        raise NoDatabase(
            f"{path} is a folder. Name a file in it; the database of a data folder is named with --data {path}."
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise NoDatabase(_missing(path)) from None
    except (OSError, ValueError) as error:
        raise NoDatabase(f"cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None
    if magic != _MAGIC:
        raise NoDatabase(
            f"{path} is not a database, or its first page is damaged. "
            "Name another file; if it was a database, put a backup back with `onebox restore FILE --replace`."
        )
    if _is_foreign(path):
        raise NoDatabase(
            f"{path} is a SQLite database of another program. "
            "Name a database of onebox; `onebox backup FILE` copies one."
        )


def _missing(path: Path) -> str:
    if path.name == DATABASE_NAME:
        return f"there is no database {path}. Name its folder with --data DIR; `onebox serve` makes a new one."
    return f"there is no file {path}. Name a backup that exists; `onebox backup FILE` makes one."


def _is_foreign(path: Path) -> bool:
    try:
        reader = open_reader(path)
    except apsw.Error:
        return False
    try:
        return not reader.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (_FIRST_TABLE,)).fetchall()
    except apsw.Error:  # damaged, which is for others to find
        return False
    finally:
        reader.close()
