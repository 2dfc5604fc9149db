"""Goal: an order's trace context goes from whatever published it through SNS, SQS and Lambda into the log lines of the
functions, the stored item, its history and the messages of OrderChanged; what is no trace context goes nowhere.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders import OrderPublisher
from orders.cli.main import main
from orders.outbox import add
from tests.api.test_orders_intake import Site
from tests.polling import until

ACCOUNT = "123123123125"
PARENT = "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with EngineThread() as engine:
        site = Site(engine, ACCOUNT, "-p", "History=Yes", "-p", "Intake=Token")
        site.token = site.run("intake", "add", "shop").output.strip()
        yield site


@pytest.fixture(scope="module")
def changes(site: Site) -> Callable[[], list[dict[str, Any]]]:
    """What OrderChanged has published up to now."""
    sqs, arn = site.client("sqs"), f"arn:aws:sqs:us-east-1:{ACCOUNT}:changes"
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    url = sqs.create_queue(QueueName="changes", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderChanged"
    raw = {"RawMessageDelivery": "true"}
    site.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    seen: list[dict[str, Any]] = []

    def take() -> list[dict[str, Any]]:
        wanted = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := sqs.receive_message(**wanted).get("Messages"):
            seen.extend(messages)
        return seen

    return take


def by_publisher(site: Site, order: dict[str, Any], traceparent: str, _folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            patch.setenv(name, site.environment[name])
        with OrderPublisher(_folder / "spool", endpoint_url=site.engine.endpoint_url) as publisher:
            publisher.publish({"orderId": "a neighbour in the same call"})
            publisher.publish(order, traceparent=traceparent)


def by_outbox(site: Site, order: dict[str, Any], traceparent: str, folder: Path) -> None:
    database = folder / "shop.db"
    site.run("relay", "init", "--database", str(database))
    with closing(sqlite3.connect(database)) as shop:
        add(shop, {"orderId": "a row without a trace"})
        add(shop, order, traceparent=traceparent)
        shop.commit()
    site.run("relay", "run", "--once", "--database", str(database))


def by_intake(site: Site, order: dict[str, Any], traceparent: str, _folder: Path) -> None:
    assert site.post(order, Traceparent=traceparent).status == 202


def by_command(site: Site, order: dict[str, Any], traceparent: str, folder: Path) -> None:
    environment = {**site.environment, "TRACEPARENT": traceparent, "XDG_STATE_HOME": str(folder)}
    done: Result = CliRunner().invoke(main, ["publish", "-"], env=environment, input=json.dumps(order))
    assert done.exit_code == 0, done.output


WAYS = [by_publisher, by_outbox, by_intake, by_command]


def logged(site: Site, function: str, trace_id: str) -> list[dict[str, Any]]:
    """The lines of a function that name the trace."""
    found = site.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{function}", filterPattern=f'{{ $.traceId = "{trace_id}" }}'
    )
    return [json.loads(event["message"]) for event in found["events"]]


def event_of(site: Site, order_id: str) -> dict[str, Any]:
    """The first event of an order's history."""

    def read() -> Any:
        done = CliRunner().invoke(main, ["history", order_id, "--json"], env=site.environment)
        return json.loads(done.stdout.splitlines()[0])["events"] if done.exit_code == 0 else None

    return dict(until(read, f"the history of {order_id}")[0])


@pytest.mark.parametrize("publish", WAYS, ids=[way.__name__ for way in WAYS])
def test_trace_goes_from_the_publisher_to_logs_history_and_subscribers(
    site: Site, changes: Callable[[], list[dict[str, Any]]], tmp_path: Path, publish: Callable[..., None]
) -> None:
    order_id = publish.__name__
    trace_id = f"{WAYS.index(publish) + 1:032x}"
    traceparent = f"00-{trace_id}-{PARENT}-01"
    publish(site, {"orderId": order_id, "status": "new"}, traceparent, tmp_path)
    assert event_of(site, order_id)["traceparent"] == traceparent
    for function in ("OrderProcessor", "OrderHistory"):
        [line] = until(partial(logged, site, function, trace_id), f"the line of {function}")
        assert line["orderId"] == order_id
    item = site.client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": order_id}})["Item"]
    assert item["orders:traceparent"] == {"S": traceparent}
    told = until(lambda: [one for one in changes() if json.loads(one["Body"])["orderId"] == order_id], "the change")[0]
    assert told["MessageAttributes"]["traceparent"]["StringValue"] == traceparent
    assert "orders:traceparent" not in site.run("get", order_id, "--json").output
    if publish is by_intake:
        assert [line["resource"] for line in logged(site, "OrderIntake", trace_id)] == ["orders"]


@pytest.mark.parametrize("publish", WAYS, ids=[way.__name__ for way in WAYS])
def test_hostile_trace_context_is_dropped_and_the_order_is_not(
    site: Site, tmp_path: Path, publish: Callable[..., None]
) -> None:
    order_id = f"hostile {publish.__name__}"
    publish(site, {"orderId": order_id}, f"00-{'a' * 32}-{PARENT}-01{'x' * 3_000}", tmp_path)
    told = event_of(site, order_id)["traceparent"]
    item = site.client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": order_id}})["Item"]
    # Lambda gives OrderIntake's own call a trace, and the order then belongs to that.
    assert (told is None) == ("orders:traceparent" not in item) == (publish is not by_intake)
    assert "a" * 32 not in str(told)


def test_duplicate_is_told_with_its_own_trace_and_one_in_raw_sql_is_dropped(site: Site, tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    site.run("relay", "init", "--database", str(database))
    body = json.dumps({"orderId": "twice", "status": "new"})
    first, second = (f"00-{digit * 32}-{PARENT}-00" for digit in "cd")
    with closing(sqlite3.connect(database)) as shop:
        statement = "INSERT INTO orders_outbox (order_id, body, traceparent) VALUES (?, ?, ?)"
        rows = [("twice", body, first), ("twice", body, second), ("thrice", '{"orderId": "thrice"}', "\x1b[2J")]
        shop.executemany(statement, rows)
        shop.commit()
    site.run("relay", "run", "--once", "--database", str(database))

    def read() -> Any:
        done = CliRunner().invoke(main, ["history", "twice", "--json"], env=site.environment)
        events = json.loads(done.stdout.splitlines()[0])["events"] if done.exit_code == 0 else []
        return {one["event"]: one["traceparent"] for one in events} if len(events) == 2 else None

    assert until(read, "both events") == {"stored": first, "duplicate": second}
    assert event_of(site, "thrice")["traceparent"] is None
