"""Goal: doctor finds what is wrong with a real system and leaves nothing behind, top ends clean."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.conftest import environment_of
from tests.polling import PATIENCE_S, until

STRAY = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Cli:
    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def run(self, *arguments: str, given: str | None = None) -> Any:
        return CliRunner().invoke(main, arguments, env=self.environment, input=given)

    def examine(self, *arguments: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
        """The exit code, and outcome and words of each check by its name."""
        result = self.run("doctor", "--json", *arguments)
        found: dict[str, list[tuple[str, str]]] = {}
        for check in json.loads(result.stdout)["checks"]:
            found.setdefault(check["name"], []).append((check["outcome"], check["message"]))
        return result.exit_code, found


@pytest.fixture
def cli(aws_environment: dict[str, str]) -> Cli:
    return Cli(aws_environment)


@pytest.fixture(scope="module")
def standing(onebox: EngineThread, file_account: str) -> Cli:
    """A system for tests that only look."""
    cli = Cli(environment_of(onebox.endpoint_url, file_account))
    result = cli.run("deploy", "--yes")
    assert result.exit_code == 0, result.output
    return cli


@pytest.fixture
def deployed(cli: Cli) -> Cli:
    result = cli.run("deploy", "--yes")
    assert result.exit_code == 0, result.output
    return cli


def test_doctor_of_a_fresh_system_finds_it_well_and_leaves_no_order(deployed: Cli, client: Callable[..., Any]) -> None:
    code, checks = deployed.examine()
    assert code == 0, checks
    assert not [name for name, told in checks.items() if told[0][0] == "failed"]
    for name in ("credentials", "region", "quotas", "stack", "template", "drift", "visibility", "OrderDLQ", "trigger"):
        assert checks[name][0][0] == "good", (name, checks[name])
    assert "was stored in" in checks["test order"][0][1]
    assert client("dynamodb").scan(TableName="Orders")["Items"] == []


def test_doctor_without_a_stack_says_to_deploy(cli: Cli) -> None:
    result = cli.run("doctor")
    assert (result.exit_code, "Run `orders deploy`." in result.stdout) == (1, True)
    assert "test order" not in result.stdout


def test_doctor_where_nothing_answers_fails_at_the_credentials(cli: Cli) -> None:
    result = cli.run("doctor", "--endpoint-url", "http://127.0.0.1:1")
    assert (result.exit_code, result.stdout.startswith("failed   credentials")) == (1, True)


def test_doctor_of_a_system_changed_by_hand_names_each_change(deployed: Cli, client: Callable[..., Any]) -> None:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="OrderQueue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "20"})
    client("lambda").put_function_concurrency(FunctionName="OrderProcessor", ReservedConcurrentExecutions=0)
    code, checks = deployed.examine("--wait", "0.1")
    assert code == 1
    assert checks["drift"] == [("warning", "OrderQueue: VisibilityTimeout is 20, deployed as 180")]
    assert checks["visibility"][0][0] == "failed"
    assert checks["OrderProcessor"][0] == ("failed", "is stopped: its reserved concurrency is 0")
    assert checks["test order"][0][0] == "failed"


def test_doctor_told_to_send_no_order_sends_none(deployed: Cli, client: Callable[..., Any]) -> None:
    arn = client("lambda").list_event_source_mappings(FunctionName="OrderProcessor")["EventSourceMappings"][0]
    client("lambda").delete_event_source_mapping(UUID=arn["UUID"])
    code, checks = deployed.examine("--no-test-order")
    assert (code, checks["test order"][0][0]) == (1, "skipped")
    assert checks["trigger"][0][0] == "failed"
    url = client("sqs").get_queue_url(QueueName="OrderQueue")["QueueUrl"]
    counts = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert counts["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_doctor_counts_failed_orders_that_a_reader_holds(deployed: Cli, client: Callable[..., Any]) -> None:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="no order")
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]) == 1
    _, checks = deployed.examine("--no-test-order")
    assert checks["failed orders"] == [("warning", "1 in OrderDLQ")]


def test_alarm_on_slow_calls_sees_the_share_of_the_time_out(deployed: Cli, client: Callable[..., Any]) -> None:
    cloudwatch = client("cloudwatch")
    assert deployed.examine()[0] == 0
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["OrderProcessor-slow"])["MetricAlarms"]
    now = datetime.now(timezone.utc)

    def find_share() -> float | None:
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=alarm["Metrics"],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
        )
        return max((value for result in answer["MetricDataResults"] for value in result["Values"]), default=None)

    assert 0 < until(find_share, "the share") < alarm["Threshold"] == 80


def test_dashboard_holds_widgets_whose_every_resource_is_the_stacks(deployed: Cli, client: Callable[..., Any]) -> None:
    body = json.loads(client("cloudwatch").get_dashboard(DashboardName="Orders-us-east-1")["DashboardBody"])
    titles = {widget["properties"].get("title") for widget in body["widgets"]}
    assert {"Pipeline, a minute", "OrderQueue", "OrderDLQ", "Rejected, by reason", "Order value, by currency"} <= titles
    (alarms,) = (widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm")
    described = client("cloudwatch").describe_alarms(AlarmNamePrefix="Order")["MetricAlarms"]
    assert set(alarms) == {alarm["AlarmArn"] for alarm in described}
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])]
    namespaces = {metric[0] for metric in metrics if isinstance(metric[0], str)}
    assert namespaces - {"."} == {"AWS/SNS", "AWS/SQS", "AWS/Lambda", "AWS/DynamoDB", "Orders"}


def test_top_prints_one_look_where_there_is_no_terminal(deployed: Cli) -> None:
    deployed.run("publish", "-", given='{"orderId":"A"}')
    shown = until(lambda: _find_published(deployed.run("top").stdout), "the order in the hour's count")
    for part in ("OrderTopic", "processed", "write units", "stored"):
        assert part in shown
    answer = json.loads(deployed.run("top", "--json").stdout)
    assert (answer["figures"]["NumberOfMessagesPublished"], len(answer["minutes"]["published"])) == (1.0, 15)


def _find_published(shown: str) -> str | None:
    return shown if re.search(r"published .* 1\n", shown) else None


@pytest.mark.parametrize("end", ["q", "ctrl-c", "terminate"])
def test_top_on_a_terminal_ends_clean(standing: Cli, end: str) -> None:
    ours, theirs = pty.openpty()
    environment = {**standing.environment, "TERM": "xterm", "COLUMNS": "150", "LINES": "50"}
    command = [sys.executable, "-m", "orders", "top", "--every", "0.2"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            shown = _read_until(ours, "press q to quit")
            if end == "q":
                os.write(ours, b"q")
            else:
                process.send_signal(signal.SIGINT if end == "ctrl-c" else signal.SIGTERM)
            shown += _read_until(ours, None)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()  # one that did not end
    os.close(ours)
    assert "Traceback" not in shown
    assert "\x1b[?1049l" in shown, "the screen that was there before is back"
    assert "OrderProcessor" in STRAY.sub("", shown)


def _read_until(descriptor: int, wanted: str | None) -> str:
    """What the terminal shows, until it shows what is wanted or its program has ended."""
    shown = b""
    deadline = time.monotonic() + PATIENCE_S
    with suppress(OSError):  # what Linux answers when nobody holds the other end
        while wanted is None or wanted not in shown.decode(errors="replace"):
            left_s = deadline - time.monotonic()
            readable = left_s > 0 and select.select([descriptor], [], [], left_s)[0]
            assert readable, f"waited {PATIENCE_S:.0f} s for {wanted or 'the end'} after {shown!r}"
            part = os.read(descriptor, 65_536)
            if not part:  # the end, on other systems
                break
            shown += part
    return shown.decode(errors="replace")


def test_a_system_whose_table_is_lost_is_still_shown_and_loses_no_order(
    deployed: Cli, client: Callable[..., Any]
) -> None:
    client("dynamodb").delete_table(TableName="Orders")
    status, top = deployed.run("status"), deployed.run("top", "--once")
    for shown in (status, top):
        assert shown.exit_code == 1
        assert "OrderTopic " in shown.stdout
        assert shown.stderr.splitlines()[0] == "orders: parts of the system are missing: Orders"
        assert "`orders doctor`" in shown.stderr
    assert deployed.run("top", "--json").exit_code == 1
    again = deployed.run("deploy", "--yes")
    assert again.exit_code == 1
    assert "the stack is up to date, but parts of the system are missing: Orders\n`orders doctor`" in again.stderr

    examined = json.loads(deployed.run("doctor", "--json").stdout)["checks"]
    drift, test_order = (next(one for one in examined if one["name"] == name) for name in ("drift", "test order"))
    for check in (drift, test_order):
        assert check["outcome"] == "failed"
        assert "`orders destroy` would lose them" in check["advice"]
    # A test order would wait for the table, and stay in it.
    assert test_order["message"] == "not sent: there is no table Orders"


def test_where_nothing_is_deployed_all_views_say_so_with_one_exit_code(cli: Cli) -> None:
    for command in ("status", "top"):
        shown = cli.run(command)
        assert shown.exit_code == 1
        assert "there is no order system on onebox" in shown.stderr
    alarms = cli.run("alarms")
    assert (alarms.exit_code, alarms.stdout) == (1, "")
    assert alarms.stderr.startswith("orders: there are no alarms\n`orders deploy`")
