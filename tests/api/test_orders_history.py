"""Goal: with History on, `orders history` tells what happened to an order, and OrderChanged tells what was stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.conftest import environment_of
from tests.console.support import console_for
from tests.polling import until

Orders = Callable[..., Result]
ACCOUNT = "123123123123"


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    """One engine with the stack, for all tests of this module: each uses orders of its own."""
    with EngineThread() as engine:
        done = CliRunner().invoke(
            main, ["deploy", "--yes", "-p", "History=Yes"], env=environment_of(engine.endpoint_url, ACCOUNT)
        )
        assert done.exit_code == 0, done.output
        yield engine


@pytest.fixture
def orders(engine: EngineThread) -> Orders:
    environment = environment_of(engine.endpoint_url, ACCOUNT)
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, env=environment, **options)


def client(engine: EngineThread, service: str) -> Any:
    return engine.client(service, account=ACCOUNT)


def publish(engine: EngineThread, **fields: Any) -> str:
    """Publish one order; the notification's id."""
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderTopic"
    return str(client(engine, "sns").publish(TopicArn=topic, Message=json.dumps(fields))["MessageId"])


def events_of(orders: Orders, order_id: str, count: int) -> list[dict[str, Any]]:
    """So many events of an order, oldest first."""

    def read() -> list[dict[str, Any]] | None:
        done = orders("history", order_id, "--json")
        events: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[0])["events"] if done.stdout else []
        return events if len(events) >= count else None

    return until(read, f"{count} events of {order_id}")


def test_history_tells_stored_replaced_duplicate_late_and_conflict_with_differences(
    engine: EngineThread, orders: Orders
) -> None:
    first = {"orderId": "h1", "userId": "ada", "status": "new", "timestamp": "2026-05-03T12:00:00Z", "total": 19.90}
    paid = {**first, "status": "paid", "timestamp": "2026-05-03T13:00:00Z", "items": [{"sku": "A"}]}
    ids = [publish(engine, **first)]
    events_of(orders, "h1", 1)
    ids.append(publish(engine, **paid))
    events_of(orders, "h1", 2)
    ids += [publish(engine, **paid), publish(engine, **first), publish(engine, **{**paid, "total": 25})]
    events = events_of(orders, "h1", 5)
    told = {one["event"]: one for one in events}
    assert set(told) == {"stored", "replaced", "duplicate", "late", "conflict"}
    names = ("stored", "replaced", "duplicate", "late", "conflict")
    assert [told[name]["notification"] for name in names] == ids
    assert told["stored"]["order"]["total"] == 19.9
    changes = {one["path"]: (one["before"], one["after"]) for one in told["replaced"]["differences"]}
    assert changes == {
        "status": ('"new"', '"paid"'),
        "timestamp": ('"2026-05-03T12:00:00Z"', '"2026-05-03T13:00:00Z"'),
        "items": (None, '[{"sku": "A"}]'),
    }
    assert ("total", "19.9", "25") in [tuple(one.values()) for one in told["conflict"]["differences"]]
    assert ("status", '"paid"', '"new"') in [tuple(one.values()) for one in told["late"]["differences"]]
    text = orders("history", "h1").output
    assert 'status: "new" → "paid"' in text
    assert "late: a newer notification was stored already" in text


def test_stored_order_holds_the_notification_and_readers_do_not_see_it(engine: EngineThread, orders: Orders) -> None:
    name = publish(engine, orderId="h2", userId="eve", status="new", timestamp="2026-05-03T12:00:00Z")
    events_of(orders, "h2", 1)
    item = client(engine, "dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": "h2"}})["Item"]
    assert item["orders:notification"] == {"S": name}
    for command in (("get", "h2", "--json"), ("list", "--user", "eve", "--json")):
        assert "orders:notification" not in orders(*command).output


def test_removed_and_rejected_orders_are_told(engine: EngineThread, orders: Orders) -> None:
    publish(engine, orderId="h3")
    events_of(orders, "h3", 1)
    publish(engine, orderId="h3", timestamp="yesterday")
    client(engine, "dynamodb").delete_item(TableName="Orders", Key={"orderId": {"S": "h3"}})
    events = {one["event"]: one for one in events_of(orders, "h3", 3)}
    assert set(events) == {"stored", "rejected", "removed"}
    assert "timestamp: expected" in events["rejected"]["reason"]
    assert events["removed"]["notification"] is None


def test_order_changed_is_filtered_and_numbered(engine: EngineThread, orders: Orders) -> None:
    sqs, sns = client(engine, "sqs"), client(engine, "sns")
    url = sqs.create_queue(QueueName="paid")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:paid"
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderChanged"
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    wanted = {"status": ["paid"], "country": ["FR"], "total": [{"numeric": [">=", 100]}]}
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps(wanted), "RawMessageDelivery": "true"},
    )
    for number, (status, country, total) in enumerate([("paid", "FR", 99), ("new", "FR", 100), ("paid", "FR", 100.5)]):
        publish(engine, orderId=f"c{number}", status=status, country=country, total=total)
    [message] = until(
        lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"), "a change"
    )
    told = json.loads(message["Body"])
    assert (told["event"], told["orderId"], told["order"]["total"]) == ("stored", "c2", 100.5)
    [event] = events_of(orders, "c2", 1)
    assert told["eventId"] == event["eventId"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_same_record_of_the_stream_twice_is_one_event(engine: EngineThread, orders: Orders) -> None:
    publish(engine, orderId="h4", status="new")
    [event] = events_of(orders, "h4", 1)
    record = {
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {"orderId": {"S": "h4"}},
            "NewImage": {"orderId": {"S": "h4"}, "status": {"S": "new"}},
            "SequenceNumber": event["eventId"].lstrip("0"),
            "ApproximateCreationDateTime": event["atMs"] // 1000,
        },
    }
    answer = client(engine, "lambda").invoke(FunctionName="OrderHistory", Payload=json.dumps({"Records": [record] * 2}))
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    assert events_of(orders, "h4", 1) == [event]


def test_history_of_an_unknown_order_says_so(orders: Orders) -> None:
    done = orders("history", "nobody")
    assert done.exit_code == 1
    assert "the history has no order nobody" in done.output


def test_doctor_s_test_order_leaves_no_history(engine: EngineThread, orders: Orders) -> None:
    assert "was stored in" in orders("doctor").output
    publish(engine, orderId="after-doctor")
    events_of(orders, "after-doctor", 1)
    items = client(engine, "dynamodb").scan(TableName="OrderEvents")["Items"]
    assert not [item for item in items if item["orderId"]["S"].startswith("orders-doctor-")]


def test_console_s_order_page_shows_the_same_events_escaped(engine: EngineThread, orders: Orders) -> None:
    first = {"orderId": "page", "status": "<b>new</b>", "timestamp": "2026-05-03T12:00:00Z"}
    publish(engine, **first)
    events_of(orders, "page", 1)
    publish(engine, **{**first, "status": "paid", "timestamp": "2026-05-03T13:00:00Z"})
    events = events_of(orders, "page", 2)
    with console_for(engine, ACCOUNT) as browser:
        text = browser.text("/order/history", id="page")
    assert events[1]["notification"] in text
    assert "replaced by a newer notification" in text
    assert "&lt;b&gt;new&lt;/b&gt;" in text
    assert "<b>new" not in text
