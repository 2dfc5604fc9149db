"""Goal: every table fits the terminal at 60, 80 and 120 columns, ids stay whole, and a pipe gets everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.aws.names import TABLE
from orders.cli.main import main
from tests.conftest import environment_of

USER = "customer-0123456789-0123456789-0123456789"
ORDER = {
    "orderId": "2026-order-0123456789-0123456789",
    "userId": USER,
    "status": "new",
    "timestamp": "2026-05-03T12:00:00Z",
    "total": "19.9",
    "currency": "GBP",
    "country": "United Kingdom of Great Britain and Northern Ireland",
}
COMMANDS = {
    "list": (["list", "--limit", "5"], [*(str(value) for value in ORDER.values() if value != "19.9"), "19.90"]),
    "dlq list": (["dlq", "list"], ["OrderRejected", "timestamp", "2026-05-03T12:00:00Z"]),
    "dlq list --each": (["dlq", "list", "--each"], ["bad-order-0123456789-0123456789-0123456789"]),
    "subscriptions": (["subscriptions"], ["OrderQueue", "envelope"]),
    "plan": (["plan", "--rate", "50/s"], ["DynamoDB: one partition of byStatus", "request an increase"]),
    "status": (["status"], ["OrderTopic", "OrderDLQ"]),
    "top": (["top", "--once"], ["published", "duration, ms"]),
}
_styles = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def run() -> Any:
    """Runs an `orders` command on a deployed system with one stored and one failed order; its output."""
    with EngineThread(manual_clock=True) as engine:
        environment = environment_of(engine.endpoint_url)
        deployed = CliRunner().invoke(main, ["deploy", "--yes"], env=environment)
        assert deployed.exit_code == 0, deployed.output
        attributes = {name: {"N" if name == "total" else "S": value} for name, value in ORDER.items()}
        engine.client("dynamodb").put_item(TableName=TABLE, Item=attributes)
        sqs = engine.client("sqs")
        dead = {"orderId": "bad-order-0123456789-0123456789-0123456789", "timestamp": "yesterday"}
        url = sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(dead))

        def run(arguments: list[str], width: int | None) -> str:
            screen = {"FORCE_COLOR": "1", "COLUMNS": str(width)} if width else {}
            result = CliRunner().invoke(main, arguments, env={**environment, **screen})
            assert result.exit_code == 0, result.output
            return _styles.sub("", result.stdout)

        yield run


@pytest.mark.parametrize("width", [60, 80, 120, None])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_table_fits_its_terminal_and_loses_nothing(
    name: str, width: int | None, run: Callable[[list[str], int | None], str]
) -> None:
    arguments, shown = COMMANDS[name]
    output = run(arguments, width)
    assert "…" not in output
    joined = " ".join(output.split())
    assert [text for text in shown if text not in joined] == []
    table = output.partition("\nOne function call")[0].partition("\n")[2] if name == "plan" else output
    tables = [
        line
        for line in table.splitlines()
        if not line.startswith(("The seed's", "Published by", "`", "1 failed", "Order", "*"))
    ]
    too_long = [line for line in tables if width and len(line) > width and len(line.split()) > 2]
    assert too_long == []


def test_a_pipe_gets_each_row_in_one_line(run: Callable[[list[str], int | None], str]) -> None:
    header, row = run(["list", "--limit", "5"], None).splitlines()
    assert header.split() == ["orderId", "userId", "status", "timestamp", "total", "currency", "country"]
    assert row.split()[:6] == [ORDER["orderId"], USER, "new", ORDER["timestamp"], "19.90", "GBP"]


@pytest.mark.parametrize("name", [*COMMANDS, "alarms", "audit"])
def test_no_line_in_a_pipe_ends_with_spaces(name: str, run: Callable[[list[str], int | None], str]) -> None:
    arguments, _ = COMMANDS.get(name, ([name], []))
    lines = run(arguments, None).splitlines()
    assert lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_csv_and_json_hold_every_column_of_every_order(run: Callable[[list[str], int | None], str]) -> None:
    assert run(["list", "--csv"], None) == run(["list", "--format", "csv"], 60)
    assert USER in run(["list", "--csv"], 60)
    assert json.loads(run(["list", "--json"], 60))["country"] == ORDER["country"]
