"""Goal: orders verify tells of each published order what became of it, changes nothing, and has a code for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orders.cli.main import main
from orders.cli.verify import EXIT_NOT_CLEAN
from orders.clock import SystemClock

NEW = {"orderId": "A", "status": "new", "timestamp": "2026-05-03T12:00:00Z", "total": 22.20}
PAID = {**NEW, "status": "paid", "timestamp": "2026-05-03T12:05:00Z"}
OTHER = {"orderId": "B", "total": 1e-7, "items": [{"sku": "x", "quantity": -2}], "userId": None}


class Parts:
    """Table and queues without a function: each order lies where a test puts it."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self.dynamodb = client("dynamodb")
        self.sqs = client("sqs")
        self.dynamodb.create_table(
            TableName="Orders",
            KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.urls = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("OrderQueue", "OrderDLQ")}

    def store(self, **attributes: Any) -> None:
        self.dynamodb.put_item(TableName="Orders", Item=attributes)

    def send(self, queue: str, body: str) -> str:
        return str(self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=body)["MessageId"])

    def receive(self, queue: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[queue], AttributeNames=["ApproximateReceiveCount"], MaxNumberOfMessages=10
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


@pytest.fixture
def parts(client: Callable[..., Any]) -> Parts:
    return Parts(client)


@pytest.fixture
def verify(aws_environment: dict[str, str], tmp_path: Path) -> Callable[..., Result]:
    def run(*orders: dict[str, Any] | str, options: tuple[str, ...] = ()) -> Result:
        path = tmp_path / "orders.jsonl"
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in orders) + "\n")
        return CliRunner().invoke(main, ["verify", str(path), *options], env=aws_environment)

    return run


def store_new(parts: Parts, **changed: Any) -> None:
    item = {"orderId": {"S": "A"}, "status": {"S": "new"}, "timestamp": {"S": NEW["timestamp"]}, "total": {"N": "22.2"}}
    parts.store(**(item | changed))


def findings(result: Result) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return lines[:-1], lines[-1]["summary"]


def test_verify_of_stored_orders_is_clean(parts: Parts, verify: Callable[..., Result]) -> None:
    store_new(parts)
    items = {"L": [{"M": {"sku": {"S": "x"}, "quantity": {"N": "-2"}}}]}
    parts.store(orderId={"S": "B"}, total={"N": "0.0000001"}, items=items)
    result = verify(NEW, OTHER, NEW)
    assert (result.exit_code, "2 orders (3 notifications)" in result.stdout) == (0, True), result.output
    none, summary = findings(verify(NEW, OTHER, NEW, options=("--json",)))
    assert (none, summary["stored"], summary["clean"]) == ([], 2, True)


def test_verify_tells_missing_and_different_orders_with_fields_and_place(
    parts: Parts, verify: Callable[..., Result]
) -> None:
    store_new(parts, total={"N": "22.21"})
    result = verify(NEW, OTHER)
    assert result.exit_code == EXIT_NOT_CLEAN
    assert "total: 22.2 in the file, 22.21 in the table" in result.stdout.replace("22.20", "22.2")
    assert "orders publish" in result.stdout
    (different, missing), summary = findings(verify(NEW, OTHER, options=("--json",)))
    assert (different["state"], different["orderId"], different["place"][-2:]) == ("different", "A", ":1")
    assert different["differences"] == [{"path": "total", "expected": 22.2, "stored": 22.21}]
    assert (missing["state"], missing["orderId"]) == ("missing", "B")
    assert (summary["missing"], summary["different"], summary["clean"]) == (1, 1, False)


def test_verify_of_an_order_that_changed_since_is_clean(parts: Parts, verify: Callable[..., Result]) -> None:
    store_new(parts, status={"S": "paid"}, timestamp={"S": PAID["timestamp"]})
    assert verify(NEW).exit_code == 0
    assert verify(PAID, NEW).exit_code == 0
    assert "1 newer" in verify(NEW).stdout


def test_verify_tells_dead_orders_with_reasons_and_leaves_them_where_they_are(
    parts: Parts, verify: Callable[..., Result], client: Callable[..., Any]
) -> None:
    store_new(parts)
    parts.send("OrderDLQ", '{"total": 5}')
    log_failure(client, parts.send("OrderDLQ", json.dumps({**NEW, "status": "void"})), "another says something else")
    result = verify(NEW, '{"total": 5}', options=("--json",))
    assert result.exit_code == EXIT_NOT_CLEAN
    (refused, conflict), summary = findings(result)
    assert (refused["state"], refused["orderId"], refused["place"][-2:]) == ("dead", None, ":2")
    assert (conflict["state"], conflict["orderId"], conflict["reason"]) == ("dead", "A", "another says something else")
    assert summary["dead"] == 2
    assert "orders dlq list" in verify(NEW).stdout
    assert len(parts.receive("OrderDLQ")) == 2, "looking hides nothing"


def test_verify_says_that_letters_in_other_hands_cannot_be_seen(parts: Parts, verify: Callable[..., Result]) -> None:
    parts.send("OrderDLQ", json.dumps(NEW))
    parts.receive("OrderDLQ")
    result = verify(NEW)
    assert (result.exit_code, "1 message of OrderDLQ" in result.stderr) == (EXIT_NOT_CLEAN, True)


def log_failure(client: Callable[..., Any], message_id: str, reason: str) -> None:
    """A line as OrderProcessor writes it, a moment after the message was sent."""
    logs = client("logs")
    name = "/aws/lambda/OrderProcessor"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    line = {"level": "ERROR", "outcome": "conflict", "orderId": "A", "messageId": message_id, "reason": reason}
    logs.put_log_events(
        logGroupName=name,
        logStreamName="s",
        logEvents=[{"timestamp": SystemClock().now_ms(), "message": json.dumps(line)}],
    )


def test_verify_of_csv_reads_it_as_publish_does(parts: Parts, aws_environment: dict[str, str], tmp_path: Path) -> None:
    parts.store(orderId={"S": "A"}, total={"N": "22.2"})
    path = tmp_path / "orders.csv"
    path.write_text("Number,Amount\nA,22.20\nB,much\n")
    arguments = ["verify", str(path), "--map", "orderId=Number,total=Amount:decimal", "--json"]
    result = CliRunner().invoke(main, arguments, env=aws_environment)
    (refused,), summary = findings(result)
    assert (summary["stored"], refused["state"], refused["place"][-2:]) == (1, "refused", ":3"), result.output


def test_verify_tells_waiting_orders_without_taking_them(parts: Parts, verify: Callable[..., Result]) -> None:
    parts.send("OrderQueue", json.dumps(NEW))
    result = verify(NEW)
    assert result.exit_code == EXIT_NOT_CLEAN
    assert "OrderQueue holds 1 message" in result.stdout
    assert "--wait" in result.stdout
    (message,) = parts.receive("OrderQueue")
    assert message["Attributes"]["ApproximateReceiveCount"] == "1", "nobody received it before"


def test_verify_with_wait_looks_again_until_what_waited_is_stored(
    parts: Parts, verify: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.send("OrderQueue", json.dumps(NEW))
    waits = 0

    def wait_ms(_clock: SystemClock, _duration_ms: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 2:
            store_new(parts)

    monkeypatch.setattr(SystemClock, "wait_ms", wait_ms)
    result = verify(NEW, options=("--wait", "60", "--json"))
    assert (result.exit_code, waits) == (0, 2)
    _, summary = findings(result)
    assert (summary["stored"], summary["waiting"]) == (1, 0)


def test_verify_without_files_or_system_says_what_to_do(aws_environment: dict[str, str], tmp_path: Path) -> None:
    missing = CliRunner().invoke(main, ["verify", str(tmp_path / "none.jsonl")], env=aws_environment)
    assert (missing.exit_code, "there is no file" in missing.stderr) == (1, True)
    (tmp_path / "orders.jsonl").write_text(json.dumps(NEW))
    no_system = CliRunner().invoke(main, ["verify", str(tmp_path / "orders.jsonl")], env=aws_environment)
    assert (no_system.exit_code, "orders deploy" in no_system.stderr) == (1, True)
