"""Goal: the drills of an operator in a terminal: from the alarm to the proof, an order, a file, a name, a bad version.

Each prints how many commands and seconds it took (``pytest -s``).
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orders.cli.main import main
from tests.api.bad_version import THROWS, go_live
from tests.polling import until

DRILL_S = 120.0
QUICK = ("-p", "FunctionTimeout=2", "-p", "VisibilityTimeout=2", "-p", "History=Yes")
NOON_YESTERDAY = (datetime.now(timezone.utc) - timedelta(days=1)).strftime("%Y-%m-%dT12:00:00Z")


class Terminal:
    """Runs `orders` commands; counts them, and the time since the drill began."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self.begin()

    def begin(self) -> None:
        self.commands = 0
        self._began_s = time.monotonic()

    def run(self, *arguments: str, given: str | None = None) -> str:
        self.commands += 1
        done = CliRunner().invoke(main, arguments, env=self._environment, input=given)
        assert done.exit_code == 0, done.output
        return done.output

    def await_output(self, wanted: str, *arguments: str) -> None:
        """Repeat a command until it prints what is wanted; it counts once."""
        counted = self.commands + 1
        until(lambda: wanted in self.run(*arguments), f"{wanted} in `orders {' '.join(arguments)}`")
        self.commands = counted

    def report(self, drill: str) -> None:
        took_s = time.monotonic() - self._began_s
        print(f"{drill}: {self.commands} commands, {took_s:.1f} s")
        assert took_s < DRILL_S


@pytest.fixture
def terminal(aws_environment: dict[str, str], tmp_path: Path) -> Terminal:
    """The whole system, with timeouts short enough for a test."""
    terminal = Terminal({**aws_environment, "XDG_STATE_HOME": str(tmp_path)})
    terminal.run("deploy", "--yes", *QUICK)
    return terminal


def test_from_the_alarm_to_the_proof_that_nothing_is_lost(terminal: Terminal, tmp_path: Path) -> None:
    good, corrected = tmp_path / "good.json", tmp_path / "corrected.json"
    order = {"orderId": "B-1", "userId": "ada", "status": "new", "currency": "GBP", "total": 19.90}
    good.write_text(json.dumps({**order, "orderId": "G-1", "timestamp": NOON_YESTERDAY}))
    corrected.write_text(json.dumps({**order, "timestamp": NOON_YESTERDAY}))
    terminal.run("publish", str(good))
    terminal.run("publish", "--unchecked", "-", given=json.dumps({**order, "timestamp": "yesterday"}))
    terminal.await_output("OrderDLQ-not-empty: 1 failed order", "status")
    terminal.begin()
    assert 'got "yesterday"' in terminal.run("dlq", "list")
    assert 'got "yesterday"' in terminal.run("dlq", "show", "B-1")
    assert "was sent back" in terminal.run("dlq", "edit", "B-1", "--with", str(corrected))
    assert "2 stored" in terminal.run("verify", "--wait", "30", str(good), str(corrected))
    assert "no failed orders" in terminal.run("dlq", "list")
    terminal.report("from the alarm to the cause, the fix and the proof")
    assert terminal.commands == 5

    terminal.begin()
    assert "order    B-1  stored, ada" in terminal.run("find", "B-1")
    terminal.await_output("stored", "history", "B-1")
    terminal.report("where is order B-1, with its history")

    terminal.begin()
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    rows = list(csv.DictReader(io.StringIO(terminal.run("list", "--since", "2d", "--until", today, "--format", "csv"))))
    assert {(row["orderId"], row["total"]) for row in rows} == {("B-1", "19.9"), ("G-1", "19.9")}
    terminal.report("yesterday's orders as CSV")

    terminal.begin()
    entries = [json.loads(line) for line in terminal.run("audit", "--action", "edit", "--json").splitlines()]
    assert [(entry["who"].rpartition(":")[2], "B-1" in entry["target"]) for entry in entries] == [("user/onebox", True)]
    terminal.report("who resent what")


def test_a_function_that_always_throws_is_paused_rolled_back_resumed_and_replayed(
    terminal: Terminal, client: Callable[..., Any]
) -> None:
    go_live(client("lambda"), THROWS)
    terminal.run("publish", "-", given='{"orderId": "D-1", "userId": "ada", "status": "new", "total": 5}')
    terminal.await_output("D-1", "dlq", "list", "--each")
    terminal.begin()
    assert "boom" in terminal.run("dlq", "list")
    assert "raise RuntimeError('boom')" in terminal.run("logs", "--errors", "--since", "1h")
    assert "Paused" in terminal.run("pause", "--yes", "--reason", "bad version")
    assert "Version 1 processes orders now" in terminal.run("rollback", "--yes")
    assert "Resumed" in terminal.run("resume")
    assert "1 order sent back" in terminal.run("dlq", "redrive", "--yes", "--rate", "50")
    terminal.await_output("order    D-1  stored, ada", "find", "D-1")
    terminal.report("a function that always throws: seen, paused, rolled back, resumed, replayed")
    assert terminal.commands == 7
