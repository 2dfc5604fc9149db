"""The schema of a new database, in one script: what all migrations together make, nine times as fast.

``python -m onebox.storage.schema`` writes ``schema.sql`` from the migrations. A test holds the two together.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import apsw

from onebox.storage.migrate import run_migrations
from onebox.storage.opening import open_connection

_HEAD = """\
-- The schema of a new database: what all migrations together make. Written by `python -m onebox.storage.schema`. To
-- change it, add a migration and run that again.
"""
_OBJECTS = """
SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite^_%' ESCAPE '^'
ORDER BY tbl_name, type != 'table', name
"""


def describe(connection: apsw.Connection) -> str:
    """The script that makes the tables and indexes of this database, and its version."""
    objects = ";\n\n".join(row[0] for row in connection.execute(_OBJECTS))
    version = connection.pragma("user_version")
    return f"{_HEAD}\n{objects};\n\nPRAGMA user_version = {version};\n"


def main() -> None:
    """Write the script beside this module."""
    connection = open_connection(None)
    run_migrations(connection)
    path = Path(str(resources.files("onebox.storage") / "schema.sql"))
    path.write_text(describe(connection), "utf-8")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
