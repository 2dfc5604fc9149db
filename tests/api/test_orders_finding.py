"""Goal: orders are found by user, status and time through the indexes, in three forms, and watched as they change."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orders.aws.names import TABLE
from orders.cli.main import main
from tests.polling import PATIENCE_S, until

ORDERS: list[dict[str, Any]] = [
    {"orderId": "A", "userId": "U1", "status": "new", "timestamp": "2026-05-03T10:00:00Z", "total": 19.99},
    {"orderId": "B", "userId": "U1", "status": "paid", "timestamp": "2026-05-03T11:00:00Z", "items": [{"sku": "x"}]},
    {"orderId": "C", "userId": "U2", "status": "new", "timestamp": "2026-05-03T14:00:00+02:00", "note": 'a "b", c'},
    {"orderId": "D", "userId": "U2", "status": "on, hold", "timestamp": "2026-05-03T13:00:00Z"},
    {"orderId": "E", "status": "new"},
]


@pytest.fixture
def table(client: Callable[..., Any]) -> Any:
    """The table with the keys and indexes that template.yaml gives it, and the orders in it."""
    dynamodb = client("dynamodb")
    shown = ["total", "currency", "country"]
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "userId", "status", "timestamp")
        ],
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            _index("byUser", "userId", ["status", *shown]),
            _index("byStatus", "status", ["userId", *shown]),
        ],
    )
    for order in ORDERS:
        put(dynamodb, order)
    return dynamodb


@pytest.fixture
def orders(aws_environment: dict[str, str]) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments, env=aws_environment)
        assert result.exit_code == 0, result.output
        return result

    return run


def _index(name: str, key: str, others: list[str]) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": others},
    }


def put(dynamodb: Any, order: dict[str, Any]) -> None:
    names = ", ".join(f"'{name}': ?" for name in order)
    values = [_attribute(value) for value in order.values()]
    dynamodb.execute_statement(Statement=f'INSERT INTO "{TABLE}" VALUE {{{names}}}', Parameters=values)


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [{"M": {name: _attribute(member) for name, member in one.items()}} for one in value]}
    return {"N": str(value)}


def ids(result: Result) -> list[str]:
    return [json.loads(line)["orderId"] for line in result.stdout.splitlines()]


@pytest.mark.usefixtures("table")
def test_list_by_user_status_and_time_finds_those_alone(orders: Callable[..., Result]) -> None:
    cases = {
        (): ["C", "B", "A"],
        ("--oldest-first", "--limit", "2"): ["A", "B"],
        ("--user", "U1"): ["B", "A"],
        ("--user", "U1", "--status", "new"): ["A"],
        ("--user", "U2", "--status", "new", "--status", "on, hold"): ["C", "D"],
        ("--status", "on, hold"): ["D"],
        ("--since", "2026-05-03T11:00:00Z", "--until", "2026-05-03T12:00:01Z"): ["C", "B"],
        ("--user", "U1", "--until", "2026-05-03T11:00:00Z"): ["A"],
        ("--since", "2026-05-04"): [],
        ("--since", "1h"): [],
        ("--user", "nobody"): [],
    }
    assert {asked: ids(orders("list", "--json", *asked)) for asked in cases} == cases


@pytest.mark.usefixtures("table")
def test_list_in_each_form_shows_what_the_index_holds(orders: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(orders("list", "--status", "on, hold", "--format", "csv").stdout)))
    assert rows == [
        {"orderId": "D", "userId": "U2", "status": "on, hold", "timestamp": "2026-05-03T13:00:00Z"}
        | dict.fromkeys(("total", "currency", "country"), "")
    ]
    assert orders("list", "--format", "jsonl").stdout == orders("list", "--json").stdout
    shown = orders("list", "--user", "U1").stdout
    assert "19.99" in shown
    assert shown.startswith("orderId")


@pytest.mark.usefixtures("table")
def test_list_whole_gives_whole_orders_as_they_are_stored(orders: Callable[..., Result]) -> None:
    lines = orders("list", "--whole").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [ORDERS[2], ORDERS[1], ORDERS[0]]


def test_list_of_many_pages_reads_all_of_them_by_queries_alone(
    table: Any, orders: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        put(table, {"orderId": f"P{number:02}", "status": "paid", "timestamp": f"2026-06-01T00:00:{number:02}Z"})
    monkeypatch.setattr("orders.cli.list_orders.PAGE_ITEMS", 5)
    assert ids(orders("list", "--json", "--status", "paid")) == [f"P{number:02}" for number in reversed(range(12))] + [
        "B"
    ]


@pytest.mark.usefixtures("table")
def test_list_where_nothing_is_found_says_where_it_looked(orders: Callable[..., Result]) -> None:
    result = orders("list", "--since", "2026-05-04")
    assert result.stdout == "no orders\n"
    assert "--status" in result.stderr


def test_list_of_a_table_without_indexes_says_so(client: Callable[..., Any], aws_environment: dict[str, str]) -> None:
    client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    result = CliRunner().invoke(main, ["list"], env=aws_environment)
    assert (result.exit_code, "no index" in result.stderr, "orders get" in result.stderr) == (1, True, True)


def test_list_refuses_two_forms_and_times_that_are_none(aws_environment: dict[str, str]) -> None:
    two_forms = CliRunner().invoke(main, ["list", "--json", "--format", "csv"], env=aws_environment)
    assert (two_forms.exit_code, "--format jsonl" in two_forms.stderr) == (2, True)
    no_time = CliRunner().invoke(main, ["list", "--since", "soon"], env=aws_environment)
    assert (no_time.exit_code, "2026-05-03" in no_time.stderr) == (1, True)


# --- watch ------------------------------------------------------------------------------------------------------------


def log(client: Callable[..., Any], at_ms: int, **content: Any) -> None:
    logs = client("logs")
    name = "/aws/lambda/OrderProcessor"
    if not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    event = {"timestamp": at_ms, "message": json.dumps(content)}
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[event])


@pytest.fixture
def now_ms(client: Callable[..., Any]) -> int:
    """The engine's time."""
    url = client("sqs").create_queue(QueueName="clock")["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="tick")
    (message,) = client("sqs").receive_message(QueueUrl=url, AttributeNames=["SentTimestamp"])["Messages"]
    return int(message["Attributes"]["SentTimestamp"])


@pytest.mark.usefixtures("table")
def test_watch_prints_what_was_stored_and_what_failed_of_whom_it_is_asked(
    client: Callable[..., Any], orders: Callable[..., Result], now_ms: int
) -> None:
    log(client, now_ms, level="INFO", outcome="stored", orderId="A")
    log(client, now_ms + 1, level="INFO", outcome="duplicate", orderId="A")
    log(
        client,
        now_ms + 2,
        level="ERROR",
        outcome="rejected",
        orderId=None,
        messageId="m-1",
        reason="not JSON",
        receiveCount=2,
        receivesMax=3,
    )
    log(client, now_ms + 3, level="INFO", outcome="stored", orderId="C")
    lines = [
        json.loads(line) for line in orders("watch", "--since", "1h", "--limit", "3", "--json").stdout.splitlines()
    ]
    assert [(line["outcome"], line["order_id"], line["order"]) for line in lines] == [
        ("stored", "A", ORDERS[0]),
        ("rejected", None, None),
        ("stored", "C", ORDERS[2]),
    ]
    shown = orders("watch", "--since", "1h", "--limit", "2")
    assert "message m-1 (try 2 of 3): not JSON" in shown.stdout
    assert "0 waiting, 0 in flight, 0 in OrderDLQ" in shown.stderr
    assert "  C  new  U2" in orders("watch", "--since", "1h", "--limit", "1", "--user", "U2").stdout


@pytest.mark.usefixtures("table")
def test_watch_shows_a_change_as_it_comes_and_ends_cleanly_at_ctrl_c(
    client: Callable[..., Any], aws_environment: dict[str, str], now_ms: int, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    command = [sys.executable, "-m", "orders", "watch", "--since", "1h", "--json"]
    environment = {**aws_environment, "PYTHONUNBUFFERED": "1"}
    with output.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.PIPE)
    try:
        log(client, now_ms, level="INFO", outcome="stored", orderId="B")
        until(lambda: b'"B"' in output.read_bytes(), "order B to be shown")
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, b"")
