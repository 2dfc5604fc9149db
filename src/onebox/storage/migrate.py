"""Bring a database to the version of this program: run the numbered scripts it has not seen, or, in a new database,
``schema.sql``, which makes what all of them make.

Promises: all of it is applied or nothing, in one transaction, so that a new database costs one sync; a database newer
than the program is refused, never touched.
"""

from __future__ import annotations

import functools
import itertools
import threading
from importlib import resources
from pathlib import Path

import apsw

from onebox.storage.opening import DatabaseUnusable, open_connection

# Without importlib.resources, whose import takes longer than the schema.
_SCHEMA = Path(__file__).with_name("schema.sql")
_in_memory = itertools.count()
_copying = threading.Lock()


class DatabaseNewer(DatabaseUnusable):
    """The database was written by a newer program."""


def migrate(connection: apsw.Connection) -> None:
    """Make the schema, or apply the missing migrations. Raises :class:`DatabaseNewer`.

    A process that opens database after database in memory, as tests do, makes the schema twice: the second time for one
    that it keeps, and of which all further ones are copies, ten times quicker."""
    if connection.pragma("user_version") != 0:
        run_migrations(connection)
    elif connection.filename or next(_in_memory) == 0:
        _make_schema(connection)
    else:
        with _copying, connection.backup("main", _new_database(), "main") as copy:
            copy.step(-1)


@functools.cache
def _new_database() -> apsw.Connection:
    connection = open_connection(None)
    _make_schema(connection)
    return connection


def _make_schema(connection: apsw.Connection) -> None:
    script = _SCHEMA.read_text("utf-8")
    connection.execute(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;").fetchall()


def run_migrations(connection: apsw.Connection) -> None:
    """Apply the migrations that the database has not seen; to a new one, all. Raises :class:`DatabaseNewer`."""
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
