"""Goal: a new database has the schema that all migrations make of an empty one."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import apsw
import pytest

from onebox.storage.migrate import load_scripts, migrate, run_migrations
from onebox.storage.opening import open_connection
from onebox.storage.schema import describe


def migrated() -> apsw.Connection:
    """A database that has run every migration."""
    connection = open_connection(None)
    run_migrations(connection)
    return connection


def objects(connection: apsw.Connection) -> set[tuple[object, ...]]:
    """Tables and indexes, those that SQLite makes by itself included."""
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))


def rows(connection: apsw.Connection) -> dict[str, int]:
    """How many rows each table has that has any. SQLite's counter of a table that was never written to is none."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    counts = {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').get for name in tables if name != "sqlite_sequence"
    }
    return {name: count for name, count in counts.items() if count}


def test_the_script_is_what_the_migrations_make() -> None:
    script = resources.files("onebox.storage").joinpath("schema.sql").read_text("utf-8")
    assert script == describe(migrated()), "run: python -m onebox.storage.schema"


def test_a_new_database_is_as_one_that_ran_every_migration(tmp_path: Path) -> None:
    new, expected = open_connection(tmp_path / "new.db"), migrated()
    migrate(new)
    assert objects(new) == objects(expected)
    assert rows(new) == rows(expected) == {}
    assert new.pragma("user_version") == expected.pragma("user_version") == max(load_scripts())
    new.close()


def test_a_schema_that_fails_half_way_leaves_the_database_empty(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    connection = open_connection(path)
    connection.execute("CREATE TABLE used_service (n)")  # a later table of the script
    with pytest.raises(apsw.SQLError, match="already exists"):
        migrate(connection)
    connection.close()
    again = open_connection(path)
    assert objects(again) == {("table", "used_service", "used_service", "CREATE TABLE used_service (n)")}
    assert again.pragma("user_version") == 0
    again.close()
