"""Goal: the publisher's orders arrive with their attributes, and none is lost while the endpoint is away."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders import CloudEvents, OrderPublisher
from orders.cli.main import main
from orders.publishing.message import find_group
from tests.polling import until

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
ORDER = '{"orderId":"1","status":"paid","country":"United Kingdom","currency":"GBP","total":19.90}'

# A shop's program: it says how many orders the publisher took, one line each, until it is killed.
SHOP = """
import sys
from orders import CloudEvents, OrderPublisher
publisher = OrderPublisher(sys.argv[1], endpoint_url=sys.argv[2])
for number in range(int(sys.argv[3]), 10**6):
    publisher.publish({"orderId": str(number)})
    print(number, flush=True)
"""


def subscribe_queue(client: Callable[..., Any], name: str = "Heard", **attributes: str) -> str:
    """OrderTopic with a queue that hears all; the queue's URL."""
    topic_arn = client("sns").create_topic(Name="OrderTopic")["TopicArn"]
    sqs = client("sqs")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    attributes = {"RawMessageDelivery": "true", **attributes}
    client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


def receive(sqs: Any, url: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def take() -> bool:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
            VisibilityTimeout=600,
        )
        found.extend(answer.get("Messages", []))
        return len(found) >= count

    until(take, f"{count} messages")
    return found


@contextmanager
def serving(data: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "onebox", "serve", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("onebox is ready on http://")
        yield process, line.split()[4]
    finally:
        process.kill()
        process.communicate()


def at(url: str) -> Callable[..., Any]:
    return lambda service: boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_publish_of_an_order_arrives_raw_with_its_attributes_and_its_digits(
    onebox: EngineThread, account: str, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = subscribe_queue(client)
    for name, value in {**KEYS, "AWS_ACCESS_KEY_ID": account}.items():
        monkeypatch.setenv(name, value)
    with OrderPublisher(None, endpoint_url=onebox.endpoint_url) as publisher:
        publisher.publish({**json.loads(ORDER), "total": Decimal("19.90")})
        assert publisher.flush().is_complete
    (message,) = receive(client("sqs"), url, 1)
    assert message["Body"] == ORDER
    assert {name: (one["DataType"], one["StringValue"]) for name, one in message["MessageAttributes"].items()} == {
        "status": ("String", "paid"),
        "country": ("String", "United Kingdom"),
        "currency": ("String", "GBP"),
        "total": ("Number", "19.90"),
    }


def test_publish_command_sends_attributes_and_reads_csv_at_a_rate(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.cli.publish.ledger_folder", lambda: tmp_path / "ledgers")
    url = subscribe_queue(client, FilterPolicy=json.dumps({"total": [{"numeric": [">=", 10]}]}))
    export = tmp_path / "export.csv"
    export.write_text("Number;Amount\n1;19.90\n2;5\n3;dear\n4;10\n")
    result = CliRunner().invoke(
        main,
        ["publish", str(export), "--map", "orderId=Number,total=Amount:decimal", "--rate", "500", "--json"],
        env=aws_environment,
    )
    report = json.loads(result.stdout)
    assert (result.exit_code, report["accepted"]) == (3, 3)
    assert [(row["line"], row["reason"]) for row in report["refused"]] == [
        (4, "total: 'dear' in column Amount is not a valid decimal")
    ]
    bodies = sorted(message["Body"] for message in receive(client("sqs"), url, 2))
    assert bodies == ['{"orderId":"1","total":19.90}', '{"orderId":"4","total":10}']


def test_orders_of_a_killed_program_to_a_killed_endpoint_all_arrive_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    taken: list[str] = []

    def run_shop(url: str, count: int) -> None:
        """A program that is killed as soon as the publisher took so many more."""
        command = [sys.executable, "-c", SHOP, str(tmp_path / "spool"), url, str(len(taken))]
        shop = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **KEYS})
        assert shop.stdout is not None
        taken.extend(shop.stdout.readline().strip() for _ in range(count))
        shop.send_signal(signal.SIGKILL)
        # What it said before it died counts too.
        taken.extend(line.strip() for line in shop.communicate()[0].splitlines())

    with serving(tmp_path / "data") as (process, url):
        heard = subscribe_queue(at(url))
        run_shop(url, 30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        run_shop(url, 30)  # nobody answers
    port = int(url.rpartition(":")[2])
    with OrderPublisher(tmp_path / "spool", endpoint_url=url) as publisher:
        assert publisher.flush(0).waiting >= 30
        with serving(tmp_path / "data", port):
            report = publisher.flush(60)
            assert report.is_complete, report
            sqs = at(url)("sqs")
            arrived: set[str] = set()

            def all_arrived() -> bool:
                arrived.update(json.loads(m["Body"])["orderId"] for m in receive(sqs, heard, 1))
                return arrived >= set(taken)

            until(all_arrived, "every order that was taken")


def test_events_of_command_and_publisher_carry_the_order_and_its_attributes(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = subscribe_queue(client)
    for name, value in {**aws_environment, "XDG_STATE_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "orders.jsonl"
    path.write_text(ORDER + "\n", "utf-8")
    source = "https://shop.example"
    arguments = ["publish", str(path), "--envelope", "cloudevents", "--event-source", source]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    with OrderPublisher(tmp_path / "spool", envelope=CloudEvents(source)) as publisher:
        publisher.publish(ORDER)
    first, second = receive(client("sqs"), url, 2)
    assert first["Body"] == second["Body"], "the same notification is the same event, whoever sends it"
    assert f'"data":{ORDER}' in first["Body"]
    assert {"status", "country", "currency", "total"} == set(first["MessageAttributes"])
    event = json.loads(first["Body"])
    assert (event["source"], event["specversion"], event["subject"]) == (source, "1.0", "1")


def test_options_of_events_without_the_envelope_are_refused(tmp_path: Path) -> None:
    for options in (["--event-source", "/shop"], ["--envelope", "cloudevents", "--event-type", "a b"]):
        path = tmp_path / "orders.jsonl"
        path.write_text(ORDER, "utf-8")
        done = CliRunner().invoke(main, ["publish", str(path), *options])
        assert (done.exit_code, "--event-" in done.stderr) == (2, True)


@pytest.mark.parametrize("raw", ["true", "false"])
def test_groups_of_command_and_publisher_reach_the_queue(
    aws_environment: dict[str, str],
    client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raw: str,
) -> None:
    """As SNS forwards MessageGroupId of a standard topic to standard queues."""
    url = subscribe_queue(client, RawMessageDelivery=raw)
    for name, value in {**aws_environment, "XDG_STATE_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "orders.jsonl"
    path.write_text('{"orderId":"1","userId":"ada"}\n{"orderId":"2","userId":"eve"}\n{"orderId":"3"}\n', "utf-8")
    done = CliRunner().invoke(main, ["publish", str(path), "--message-group", "userId"])
    assert done.exit_code == 0, done.output
    with OrderPublisher(None, message_group="userId") as publisher:
        publisher.publish({"orderId": "4", "userId": "ada"})
    groups = {}
    for message in receive(client("sqs"), url, 4):
        text = message["Body"] if raw == "true" else json.loads(message["Body"])["Message"]
        groups[json.loads(text)["orderId"]] = message["Attributes"].get("MessageGroupId")
    assert groups["1"] == groups["4"] != groups["2"]
    assert (groups["3"], groups["2"] is None) == (None, False)


@pytest.mark.parametrize("by", ["option", "environment"])
def test_trace_context_of_the_command_reaches_the_queue(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path, by: str
) -> None:
    url = subscribe_queue(client)
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    environment = {**aws_environment, "XDG_STATE_HOME": str(tmp_path)}
    environment |= {"TRACEPARENT": traceparent} if by == "environment" else {"TRACEPARENT": "none"}
    options = ["--traceparent", traceparent] if by == "option" else []
    done = CliRunner().invoke(main, ["publish", "-", *options], env=environment, input=ORDER)
    assert done.exit_code == 0, done.output
    (message,) = receive(client("sqs"), url, 1)
    header = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1"
    assert message["Attributes"]["AWSTraceHeader"] == header


def test_traceparent_that_is_none_is_refused_as_an_option(aws_environment: dict[str, str]) -> None:
    done = CliRunner().invoke(main, ["publish", "-", "--traceparent", "x"], env=aws_environment, input=ORDER)
    assert (done.exit_code, "--traceparent: expected" in done.stderr) == (2, True)


def test_traced_order_has_its_trace_in_the_log_and_the_function_is_traced(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path
) -> None:
    environment = {**aws_environment, "XDG_STATE_HOME": str(tmp_path)}
    deployed = CliRunner().invoke(main, ["deploy", "--yes", "-p", "Tracing=Active"], env=environment)
    assert deployed.exit_code == 0, deployed.output
    assert client("lambda").get_function_configuration(FunctionName="OrderProcessor")["TracingConfig"] == {
        "Mode": "Active"
    }
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    arguments = ["publish", "-", "--traceparent", f"00-{trace}-00f067aa0ba902b7-01"]
    assert CliRunner().invoke(main, arguments, env=environment, input=ORDER).exit_code == 0

    def find() -> bool:
        events = client("logs").filter_log_events(
            logGroupName="/aws/lambda/OrderProcessor", filterPattern=f'{{ $.traceId = "{trace}" }}'
        )["events"]
        return [json.loads(event["message"])["orderId"] for event in events] == ["1"]

    until(find, "the line of the traced order")


def test_groups_of_an_outbox_reach_the_queue(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path
) -> None:
    url = subscribe_queue(client)
    shop = tmp_path / "shop.db"
    database = ["--database", f"sqlite:///{shop}"]
    made = CliRunner().invoke(main, ["relay", "init", *database], env=aws_environment)
    assert made.exit_code == 0, made.output
    with sqlite3.connect(shop) as connection:
        connection.execute(
            "INSERT INTO orders_outbox (order_id, body) VALUES (?, ?)", ("1", '{"orderId":"1","userId":"ada"}')
        )
    connection.close()
    arguments = ["relay", "run", "--once", "--message-group", "userId", *database]
    done = CliRunner().invoke(main, arguments, env=aws_environment)
    assert done.exit_code == 0, done.output
    (message,) = receive(client("sqs"), url, 1)
    assert message["Attributes"]["MessageGroupId"] == find_group({"userId": "ada"}, "userId")
