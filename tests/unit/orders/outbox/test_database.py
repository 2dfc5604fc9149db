"""Goal: a server that lacks what the outbox needs is refused before anything is made, with the version that has it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from orders.cli.main import main
from orders.errors import OperatorError
from orders.outbox import database
from orders.outbox.database import check_version


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("MySQL", (5, 7, 44)),
        ("MySQL", (8, 0, 1)),
        ("MySQL", (8, 0, 15)),
        ("MariaDB", (10, 5, 29)),
        ("PostgreSQL", (10, 23)),
    ],
)
def test_server_that_is_too_old_is_refused_with_the_reason(name: str, version: tuple[int, ...]) -> None:
    with pytest.raises(OperatorError) as raised:
        check_version(name, version, "mysql://shop@db/shop")
    assert raised.value.reason == f"{name} {'.'.join(map(str, version))} at mysql://shop@db/shop is too old"
    assert "or newer: " in raised.value.advice
    if name == "MySQL":
        assert "8.0.16" in raised.value.advice
        assert "SKIP LOCKED" in raised.value.advice


@pytest.mark.parametrize(
    ("name", "version"),
    [("MySQL", (8, 0, 16)), ("MySQL", (9, 1)), ("MariaDB", (10, 6)), ("PostgreSQL", (11,)), ("SQLite", (3, 7))],
)
def test_server_that_has_everything_is_taken(name: str, version: tuple[int, ...]) -> None:
    check_version(name, version, "here")


def test_init_makes_nothing_on_a_server_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._OLDEST, "SQLite", database._Oldest((99,), "of the test"))
    shop = tmp_path / "shop.db"
    done = CliRunner().invoke(main, ["relay", "init", "--database", str(shop)])
    assert done.exit_code == 1
    assert "is too old" in done.output
    with closing(sqlite3.connect(shop)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


@pytest.mark.parametrize(
    "command", [["init"], ["init", "--show"], ["run", "--once"], ["status"], ["refused"], ["retry", "1"], ["drop", "1"]]
)
def test_without_sqlalchemy_each_command_of_the_relay_says_how_to_install_it(command: list[str]) -> None:
    """`make setup` does not install it. A process of its own, in which nothing of it is imported yet."""
    script = "import sys; sys.modules['sqlalchemy'] = None\nfrom orders.cli.main import main; main()"
    arguments = [sys.executable, "-c", script, "relay", *command, "--database", "shop.db"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "orders: sqlalchemy is not installed",
        "Install it: `pip install 'orders-onebox[outbox]'`, or here `make setup-outbox`.",
    ]
