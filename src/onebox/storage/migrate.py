"""Bring a database to the version of this program: run the numbered scripts it has not seen.

Promises: all missing scripts are applied or none, in one transaction, so that a new database costs one sync; a database
newer than the program is refused, never touched.
"""

from __future__ import annotations

import functools
import itertools
import threading
from importlib import resources

import apsw

from onebox.storage.opening import DatabaseUnusable, open_connection

_in_memory = itertools.count()
_copying = threading.Lock()


class DatabaseNewer(DatabaseUnusable):
    """The database was written by a newer program."""


def migrate(connection: apsw.Connection) -> None:
    """Apply the missing migrations. Raises :class:`DatabaseNewer`.

    A process that opens database after database in memory, as tests do, runs the scripts twice: the second time for one
    that it keeps, and of which all further ones are copies, a hundred times quicker."""
    is_new = connection.pragma("user_version") == 0 and not connection.filename
    if is_new and next(_in_memory) > 0:
        with _copying, connection.backup("main", _migrated(), "main") as copy:
            copy.step(-1)
        return
    _run_missing(connection)


@functools.cache
def _migrated() -> apsw.Connection:
    connection = open_connection(None)
    _run_missing(connection)
    return connection


def _run_missing(connection: apsw.Connection) -> None:
    scripts = load_scripts()
    version = connection.pragma("user_version")
    assert isinstance(version, int)
    newest = max(scripts, default=0)
    if version > newest:
        raise DatabaseNewer(
            f"the database is of version {version}, this program knows versions up to {newest}: "
            "use the onebox that wrote it, or a newer one"
        )
    missing = [scripts[number] for number in sorted(scripts) if number > version]
    if missing:
        sql = "\n;\n".join(missing)
        connection.execute(f"BEGIN IMMEDIATE;\n{sql}\n;PRAGMA user_version = {newest}; COMMIT;").fetchall()


def load_scripts() -> dict[int, str]:
    """The SQL of each migration by its number."""
    folder = resources.files("onebox.storage.migrations")
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    scripts = {int(entry.name[:4]): entry.read_text("utf-8") for entry in files}
    assert len(scripts) == len(files), "two migrations have one number"
    return scripts
