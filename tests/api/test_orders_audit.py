"""Goal: the audit log holds each change by a command: who, what, before, after, result. It outlives the stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orders.audit.entries import Entry
from orders.audit.log import AuditLog
from orders.aws.clients import Aws
from orders.aws.settings import Settings
from orders.cli.main import main
from orders.clock import SystemClock

Client = Callable[..., Any]
Orders = Callable[..., Result]


@pytest.fixture
def orders(aws_environment: dict[str, str]) -> Orders:
    return lambda *arguments: CliRunner().invoke(main, arguments, env=aws_environment)


@pytest.fixture
def log(aws_environment: dict[str, str], account: str) -> AuditLog:
    settings = Settings(aws_environment["AWS_ENDPOINT_URL"], "us-east-1", None, (account, "test"))
    return AuditLog(Aws(settings), SystemClock())


def audited(orders: Orders, *options: str) -> list[Entry]:
    done = orders("audit", "--json", *options)
    assert done.exit_code == 0, done.output
    return [Entry(**json.loads(line)) for line in done.stdout.splitlines()]


def test_deploy_and_destroy_are_recorded_and_the_log_outlives_the_stack(orders: Orders, account: str) -> None:
    first = orders("deploy", "--yes")
    assert (first.exit_code, first.stderr) == (0, "")
    assert orders("deploy", "--yes", "-p", "MemorySize=256").exit_code == 0
    assert orders("deploy", "--yes", "-p", "BatchSize=100").exit_code == 1
    destroyed = orders("destroy", "--yes")
    assert (destroyed.exit_code, destroyed.stderr) == (0, "")
    again = orders("deploy", "--yes")
    assert (again.exit_code, again.stderr) == (0, ""), "the retained log group is taken, not created"
    made, changed, refused, removed, remade = audited(orders)
    assert made.who == f"arn:aws:iam::{account}:user/onebox"
    assert (made.source, made.action, made.target, made.result) == ("command", "deploy", "orders", "done")
    assert changed.before["parameters"] == {"MemorySize": "512"}
    assert changed.after["parameters"] == {"MemorySize": "256"}
    assert "Modify OrderProcessor" in changed.after["changes"]
    assert (refused.result, "Maximum batch window" in refused.reason) == ("failed", True)
    assert (removed.action, removed.result, removed.before["parameters"]["MemorySize"]) == ("destroy", "done", "256")
    assert (remade.action, remade.after["parameters"]["AuditLog"]) == ("deploy", "Existing")


def test_what_changes_nothing_is_not_recorded(orders: Orders) -> None:
    assert orders("deploy", "--yes").exit_code == 0
    assert orders("deploy", "--yes").exit_code == 0
    assert orders("deploy", "-p", "MemorySize=256").exit_code == 1, "nobody answers the question"
    assert [entry.action for entry in audited(orders)] == ["deploy"]


def test_entries_are_found_by_action_who_and_time(orders: Orders, log: AuditLog, client: Client) -> None:
    client("logs").create_log_group(logGroupName="/orders/audit")
    log.record("pause", "OrderTrigger", before="Enabled", after="Disabled")
    log.record("resume", "OrderTrigger", failure="denied")
    assert [entry.action for entry in audited(orders)] == ["pause", "resume"]
    assert [entry.reason for entry in audited(orders, "--action", "resume")] == ["denied"]
    assert audited(orders, "--who", "bob") == []
    assert audited(orders, "--until", "1h") == []
    assert len(audited(orders, "--since", "1h", "--who", "ONEBOX", "--limit", "1")) == 1
    assert orders("audit", "--until", "40d").exit_code == 1


def test_a_change_that_is_killed_is_shown_as_started(orders: Orders, log: AuditLog, client: Client) -> None:
    client("logs").create_log_group(logGroupName="/orders/audit")
    log.begin("redrive", "OrderDLQ", before={"orders": 3})
    (entry,) = audited(orders)
    assert (entry.result, entry.before) == ("started", {"orders": 3})


def test_hostile_lines_in_the_log_are_escaped_or_left_out(orders: Orders, log: AuditLog, client: Client) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/orders/audit")
    log.record("edit", "order \x1b]0;title\x07\nforged line", before="\x1b[2J", after={"<b>": "\u202e"})
    logs.create_log_stream(logGroupName="/orders/audit", logStreamName="foreign")
    now_ms = SystemClock().now_ms()
    lines = ["no json", "[[[", '{"result": "done", "id": 5}', '{"result": "done", "id": "x", "who": {}}']
    events = [{"timestamp": now_ms, "message": line} for line in lines]
    logs.put_log_events(logGroupName="/orders/audit", logStreamName="foreign", logEvents=events)
    shown = orders("audit").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "order \\x1b]0;title\\x07\\nforged line" in shown
    assert len(shown.splitlines()) == 2
    assert len(audited(orders)) == 1


def test_a_change_that_cannot_be_recorded_is_made_and_said_to_be_unrecorded(orders: Orders, client: Client) -> None:
    assert orders("deploy", "--yes").exit_code == 0
    client("logs").delete_log_group(logGroupName="/orders/audit")
    done = orders("subscribe", "email", "shop@example.com")
    assert done.exit_code == 0
    assert "orders: subscribe of email shop@example.com is not in the audit log: there is no log group" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    missing = orders("audit")
    assert (missing.exit_code, "there is no log group /orders/audit" in missing.stderr) == (1, True)


def test_each_command_on_failed_orders_is_recorded(orders: Orders, client: Client, tmp_path: Any) -> None:
    assert orders("deploy", "--yes").exit_code == 0
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody='{"orderId": "A", "timestamp": "yesterday", "note": "kept"}')
    fixed = tmp_path / "fixed.json"
    fixed.write_text('{"orderId": "A", "timestamp": "2026-05-03", "note": "kept"}')
    assert orders("dlq", "edit", "A", "--with", str(fixed)).exit_code == 0
    for order_id in ("B", "C"):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"orderId": order_id}))
    assert orders("dlq", "redrive", "B").exit_code == 0
    assert orders("dlq", "purge", "C", "--yes").exit_code == 0
    _, edited, redriven, purged = audited(orders)
    assert edited.target == f"order A, message {sent['MessageId']}"
    assert (edited.before, edited.after) == ({"timestamp": "yesterday"}, {"timestamp": "2026-05-03"})
    assert (redriven.action, len(redriven.before["messages"]), redriven.after["sent back"]) == ("redrive", 1, 1)
    assert (purged.action, purged.after["deleted"], purged.result) == ("purge", 1, "done")
