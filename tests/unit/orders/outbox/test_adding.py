"""Goal: add() writes in the transaction that the shop has, by every kind of connection, and in no other."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from orders.errors import OperatorError, OrderRejected
from orders.outbox import add
from orders.outbox.table import as_ddl, creation_sql, make_tables

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ORDER = {"orderId": "1001", "userId": "ada", "total": 19.9}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for statement in creation_sql(make_tables(), engine.dialect, notify=False):
            connection.execute(as_ddl(statement))
    engine.dispose()
    return path


@pytest.fixture
def sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def rows(path: Path) -> list[tuple[str, Any]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT order_id, body FROM orders_outbox WHERE state = 'waiting'").fetchall()
    connection.close()
    return [(order_id, json.loads(body)) for order_id, body in found]


def test_a_db_api_connection_commits_and_rolls_back_the_row(path: Path, sqlite: sqlite3.Connection) -> None:
    assert add(sqlite, ORDER) == "1001"
    assert rows(path) == []
    sqlite.rollback()
    assert rows(path) == []
    add(sqlite, ORDER)
    sqlite.commit()
    assert rows(path) == [("1001", ORDER)]


def test_a_sqlalchemy_session_and_connection(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        add(session, ORDER)
        session.rollback()
        add(session, {"orderId": "1002"})
        session.commit()
    with engine.connect() as connection:
        add(connection, ORDER)
        connection.rollback()
    with engine.begin() as connection:
        add(connection, {"orderId": "1003"})
    engine.dispose()
    assert [order_id for order_id, _ in rows(path)] == ["1002", "1003"]


DJANGO = """
import sys
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}})
import django
django.setup()
from django.db import connection, transaction
from orders.outbox import add
with transaction.atomic():
    add(connection, {"orderId": "kept", "note": "100%"})
try:
    with transaction.atomic():
        add(connection, {"orderId": "rolled back"})
        raise ValueError
except ValueError:
    pass
try:
    add(connection, {"orderId": "no transaction"})
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_django_transaction(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DJANGO, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "OperatorError the connection is in no transaction" in done.stdout
    assert rows(path) == [("kept", {"orderId": "kept", "note": "100%"})]


def test_a_connection_that_commits_by_itself_is_refused_before_anything_is_written(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(OperatorError, match="in no transaction"):
        add(connection, ORDER)
    connection.execute("BEGIN")
    add(connection, ORDER)
    connection.rollback()
    add_in_own_transaction(connection)
    connection.close()
    assert [order_id for order_id, _ in rows(path)] == ["1001"]


def add_in_own_transaction(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    add(connection, ORDER)
    connection.execute("COMMIT")


def test_an_invalid_order_is_refused_before_anything_is_written(path: Path, sqlite: sqlite3.Connection) -> None:
    with pytest.raises(OrderRejected) as raised:
        add(sqlite, {**ORDER, "total": "much"})
    assert raised.value.field == "total"
    sqlite.commit()
    assert rows(path) == []


def test_json_text_is_written_as_it_is(path: Path, sqlite: sqlite3.Connection) -> None:
    add(sqlite, '{"orderId":  "1", "total": 1.10}')
    assert sqlite.execute("SELECT body FROM orders_outbox").fetchone() == ('{"orderId":  "1", "total": 1.10}',)


@pytest.mark.parametrize(
    ("given", "written"), [(TRACEPARENT, TRACEPARENT), ("00-0-0-01", None), (f"{TRACEPARENT}'; --", None)]
)
def test_a_trace_context_is_written_and_anything_else_counts_as_none(
    sqlite: sqlite3.Connection, given: str, written: str | None
) -> None:
    add(sqlite, ORDER, traceparent=given)
    assert sqlite.execute("SELECT traceparent FROM orders_outbox").fetchone() == (written,)


class Recorder:
    """A DB-API connection of no known driver."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def cursor(self) -> Recorder:
        return self

    def execute(self, statement: str, values: Any) -> None:
        self.calls.append((statement, values))

    def close(self) -> None:
        return


@pytest.mark.parametrize(
    ("style", "places"),
    [
        ("qmark", "?, ?, ?"),
        ("format", "%s, %s, %s"),
        ("pyformat", "%s, %s, %s"),
        ("numeric", ":1, :2, :3"),
        ("named", ":order_id, :body, :traceparent"),
    ],
)
def test_every_paramstyle(style: str, places: str) -> None:
    recorder = Recorder()
    add(recorder, {"orderId": "1"}, table="shop.outgoing", paramstyle=style)
    ((statement, values),) = recorder.calls
    assert statement == f"INSERT INTO shop.outgoing (order_id, body, traceparent) VALUES ({places})"
    bound = {"order_id": "1", "body": '{"orderId":"1"}', "traceparent": None}
    assert values == (bound if style == "named" else tuple(bound.values()))


def test_an_unknown_driver_must_say_its_paramstyle() -> None:
    with pytest.raises(OperatorError, match="says its paramstyle") as raised:
        add(Recorder(), {"orderId": "1"})
    assert "paramstyle=" in raised.value.advice


@pytest.mark.parametrize("name", ["orders; DROP TABLE x", 'a"b', "", "A", "a.b.c", "a" * 49, "é"])
def test_a_table_name_that_would_need_quoting_is_refused(name: str, sqlite: sqlite3.Connection) -> None:
    with pytest.raises(OperatorError, match="is not the name of a table"):
        add(sqlite, ORDER, table=name)


def test_adding_needs_no_sqlalchemy() -> None:
    code = "import sys; import orders.outbox; sys.exit('sqlalchemy' in sys.modules or 'boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
