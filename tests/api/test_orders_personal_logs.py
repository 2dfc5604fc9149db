"""Goal: no log holds what tells who a customer is, whatever an order holds and whatever goes wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from orders.domain.contract import FIELDS
from tests.api.optional_parts import system_with_options
from tests.conftest import environment_of
from tests.polling import until

Orders = Callable[..., Result]
ACCOUNT = "123123123124"
MARKER = "Ada-Lovelace"
NUMBER = 4917112345678
PERSONAL = [field.name for field in FIELDS if field.is_personal]
# In each personal field, and in unknown ones at any depth.
PERSON: dict[str, Any] = {
    **dict.fromkeys(PERSONAL, MARKER),
    "email": f"{MARKER}@example.com",
    "phone": NUMBER,
    "address": {"street": f"{MARKER} 1", "lines": [MARKER, {"deep": MARKER}]},
    "items": [{"sku": "A", "engraving": MARKER}],
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with system_with_options(ACCOUNT) as engine:
        yield engine


@pytest.fixture
def orders(engine: EngineThread) -> Orders:
    environment = environment_of(engine.endpoint_url, ACCOUNT)
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, env=environment, **options)


def client(engine: EngineThread, service: str) -> Any:
    return engine.client(service, account=ACCOUNT)


def publish(engine: EngineThread, message: str) -> None:
    client(engine, "sns").publish(TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderTopic", Message=message)


def log_lines(engine: EngineThread) -> list[tuple[str, str]]:
    """All lines of all log groups, with the group."""
    logs = client(engine, "logs")
    return [
        (group["logGroupName"], event["message"])
        for group in logs.describe_log_groups()["logGroups"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in page["events"]
    ]


def test_no_log_holds_personal_or_unknown_fields(engine: EngineThread, orders: Orders, tmp_path: Path) -> None:
    def person(order_id: str, **fields: Any) -> str:
        return json.dumps({"orderId": order_id, "timestamp": "2026-05-03T12:00:00Z", **PERSON, **fields})

    rejected = [
        person("user-number", userId=NUMBER),
        person("user-object", userId={"name": MARKER}),
        person("user-long", userId=MARKER * 300),
        person("big-number", phone=int(f"{NUMBER}{'7' * 40}")),
        person("half-pair", email=f"{MARKER}\ud800"),
        person("bad-line", items=[MARKER]),
        person("bad-time", timestamp="yesterday"),
        json.dumps(json.dumps(MARKER)),
        f'{{"orderId": "torn", "userId": "{MARKER}',
        f'["{MARKER}"]',
    ]
    for message in (person("good"), person("good", status="paid"), *rejected):
        publish(engine, message)
    wanted = len(rejected) + 1  # and the conflict

    def failures() -> int:
        lines = [line for group, line in log_lines(engine) if group == "/aws/lambda/OrderProcessor"]
        return len({json.loads(one)["messageId"] for one in lines if '"ERROR"' in one and '"messageId"' in one})

    until(lambda: failures() >= wanted, f"{wanted} failures")
    until(
        lambda: any(group == "/aws/lambda/OrderArchive" and '"object"' in line for group, line in log_lines(engine)),
        "an archived batch",
    )
    until(
        lambda: any(group == "/aws/lambda/OrderHistory" and "published" in line for group, line in log_lines(engine)),
        "a recorded change",
    )
    edit(engine, orders, tmp_path, person("edited", total="5"), person("edited", total=5, email=f"{MARKER}-2"))
    assert orders("replay", "--since", "1h", "--user", MARKER, "--to", "OrderQueue", "--json").exit_code == 0
    lines = log_lines(engine)
    assert {"edit", "replay"} <= {json.loads(line)["action"] for group, line in lines if group == "/orders/audit"}
    assert [line for line in lines if MARKER in line[1] or str(NUMBER) in line[1]] == []


def edit(engine: EngineThread, orders: Orders, folder: Path, failed: str, fixed: str) -> None:
    """Fix a failed order with `orders dlq edit`."""
    sqs = client(engine, "sqs")
    message = sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"], MessageBody=failed)
    path = folder / "fixed.json"
    path.write_text(fixed, "utf-8")
    done = orders("dlq", "edit", message["MessageId"], "--with", str(path))
    assert done.exit_code == 0, done.output
