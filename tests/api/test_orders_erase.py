"""Goal: an erased person is found nowhere, stays erased, and nobody else loses anything."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.optional_parts import system_with_options
from tests.conftest import environment_of
from tests.polling import until

Orders = Callable[..., Result]
ACCOUNT = "123123123125"
ADA, BOB = "ada-lovelace-1815", "bob-1"
EMAIL = "countess@example.com"
EARLY, NOON, LATE = (f"2026-05-03T{hour}:00:00Z" for hour in ("09", "12", "15"))


@pytest.fixture
def engine() -> Iterator[EngineThread]:
    with system_with_options(ACCOUNT) as engine:
        yield engine


@pytest.fixture
def orders(engine: EngineThread) -> Orders:
    environment = environment_of(engine.endpoint_url, ACCOUNT)
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, env=environment, **options)


def client(engine: EngineThread, service: str) -> Any:
    return engine.client(service, account=ACCOUNT)


def publish(engine: EngineThread, order_id: str, user: str = ADA, **fields: Any) -> None:
    content = {"orderId": order_id, "userId": user, "status": "new", "timestamp": NOON, "email": EMAIL, **fields}
    content = {name: value for name, value in content.items() if value is not None}
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderTopic"
    client(engine, "sns").publish(TopicArn=topic, Message=json.dumps(content))


def archived(orders: Orders) -> int:
    done = orders("replay", "--since", "1h", "--to", "OrderQueue", "--dry-run", "--json")
    return int(json.loads(done.stdout.splitlines()[-1])["chosen"])


def events(orders: Orders, order_id: str) -> list[str]:
    done = orders("history", order_id, "--json")
    return [one["event"] for one in json.loads(done.stdout.splitlines()[0])["events"]] if done.stdout else []


def fill(engine: EngineThread, orders: Orders) -> None:
    """Orders of two customers, with copies at every place: stored, replaced, late, failed, torn, waiting, versioned."""
    s3, sqs = client(engine, "s3"), client(engine, "sqs")
    bucket = f"orders-archive-{ACCOUNT}-us-east-1"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    publish(engine, "a1", total=19.90, currency="GBP", items=[{"sku": "S", "quantity": 1, "engraving": EMAIL}])
    publish(engine, "a2", timestamp=None)
    publish(engine, "b1", BOB, email="bob@example.com", total=5)
    publish(engine, "b2", ADA)
    until(lambda: all(events(orders, one) for one in ("a1", "a2", "b1", "b2")), "the first events")
    publish(engine, "a1", status="paid", timestamp=LATE, total=19.90, currency="GBP")
    publish(engine, "b2", BOB, email="bob@example.com", timestamp=LATE)  # an order that went to another customer
    until(lambda: "replaced" in events(orders, "a1") and "replaced" in events(orders, "b2"), "the second events")
    publish(engine, "a1", timestamp=EARLY)
    until(lambda: "late" in events(orders, "a1"), "the late one")
    dead_letters = sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"]
    for body in (
        json.dumps({"orderId": "a3", "userId": ADA, "total": "x"}),
        f'{{"orderId": "a4", "userId": "{ADA}"',
        json.dumps({"orderId": "b3", "userId": BOB, "total": "x"}),
    ):
        sqs.send_message(QueueUrl=dead_letters, MessageBody=body)
    paused = orders("pause", "--yes")
    assert paused.exit_code == 0, paused.output
    publish(engine, "a5")
    publish(engine, "b5", BOB, email="bob@example.com")
    until(lambda: archived(orders) == 9, "nine archived notifications")
    for one in s3.list_objects_v2(Bucket=bucket)["Contents"]:  # a second version of each object
        body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        s3.put_object(Bucket=bucket, Key=one["Key"], Body=body)


def everything(engine: EngineThread) -> Iterator[tuple[str, str]]:
    """All that any service of the account holds, with where it is."""
    dynamodb, s3, sqs, logs = (client(engine, one) for one in ("dynamodb", "s3", "sqs", "logs"))
    for table in dynamodb.list_tables()["TableNames"]:
        for item in dynamodb.scan(TableName=table)["Items"]:
            yield table, json.dumps(item)
        for index in dynamodb.describe_table(TableName=table)["Table"].get("GlobalSecondaryIndexes", []):
            for item in dynamodb.scan(TableName=table, IndexName=index["IndexName"])["Items"]:
                yield index["IndexName"], json.dumps(item)
    for bucket in s3.list_buckets()["Buckets"]:
        for one in s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", []):
            where = {"Bucket": bucket["Name"], "Key": one["Key"], "VersionId": one["VersionId"]}
            body = s3.get_object(**where)["Body"].read()
            text = gzip.decompress(body) if one["Key"].endswith(".gz") else body
            yield f"s3 {one['Key']}", text.decode("utf-8", "replace")
    for url in sqs.list_queues()["QueueUrls"]:
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                yield url, message["Body"]
    for group in logs.describe_log_groups()["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in page["events"]:
                yield group["logGroupName"], event["message"]


def test_erased_customer_is_found_nowhere_and_stays_erased(engine: EngineThread, orders: Orders) -> None:
    fill(engine, orders)
    looked = json.loads(orders("erase", "--user", ADA, "--dry-run", "--json").stdout)
    found = {one["place"]: one["found"] for one in looked["places"]}
    assert found["Orders"] == 2
    assert found["OrderDLQ"] == 2
    assert found["the archive"] >= 6
    done = orders("erase", "--user", ADA, "--yes", "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["left"] == 0
    assert {one["place"]: one["erased"] for one in result["places"]}["OrderQueue"] == 1
    assert {"point-in-time recovery of Orders", "the stream of Orders"} <= {one["place"] for one in result["remains"]}
    again = json.loads(orders("erase", "--user", ADA, "--yes", "--json").stdout)
    assert [one["erased"] for one in again["places"]] == [0] * len(again["places"])
    # What arrives late, newer than anything before, does not bring the person back; bob's order is processed.
    assert orders("resume").exit_code == 0
    publish(engine, "a1", timestamp="2027-01-01T00:00:00Z")
    publish(engine, "a2", timestamp=None)
    until(lambda: events(orders, "b5"), "the order that waited")
    logs = client(engine, "logs")

    def dropped() -> int:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/OrderProcessor")
        return sum('"outcome":"erased"' in one["message"] for page in pages for one in page["events"])

    until(lambda: dropped() >= 2, "two dropped notifications")
    until(lambda: archived(orders) >= 5, "the late ones in the archive")
    assert json.loads(orders("erase", "--order", "a1", "--yes", "--json").stdout)["left"] == 0
    assert json.loads(orders("erase", "--order", "a2", "--yes", "--json").stdout)["left"] == 0
    assert events(orders, "a1") == ["erased"]
    rest = list(everything(engine))
    assert [one for one in rest if ADA in one[1] or EMAIL in one[1]] == []
    kept = {order_id for order_id in ("b1", "b2", "b3", "b5") if any(f'"{order_id}' in one[1] for one in rest)}
    assert kept == {"b1", "b2", "b3", "b5"}
    assert json.loads(orders("get", "b2", "--json").stdout)["userId"] == BOB


def test_amounts_are_kept_without_the_person(engine: EngineThread, orders: Orders) -> None:
    line = {"sku": "S", "quantity": 2, "unitPrice": 1.25}
    publish(engine, "k1", total=2.50, currency="GBP", country="GB", items=[{**line, "engraving": EMAIL}])
    until(lambda: events(orders, "k1"), "the event")
    done = orders("erase", "--order", "k1", "--keep-amounts", "--yes", "--json")
    assert json.loads(done.stdout)["left"] == 0
    stored = json.loads(orders("get", "k1", "--json").stdout)
    assert stored.pop("orders:erased")
    assert stored == {
        "orderId": "k1",
        "status": "new",
        "timestamp": NOON,
        "total": 2.5,
        "currency": "GBP",
        "country": "GB",
        "items": [line],
    }
    assert ADA not in orders("list", "--status", "new", "--json").output


def test_it_asks_first_and_a_mistyped_id_is_not_marked(engine: EngineThread, orders: Orders) -> None:
    publish(engine, "q1")
    until(lambda: events(orders, "q1"), "the event")
    refused = orders("erase", "--order", "q1", input="n\n")
    assert refused.exit_code == 1
    assert "OrderEvents: 1 event" in refused.output
    assert json.loads(orders("get", "q1", "--json").stdout)["userId"] == ADA
    assert orders("erase", "--order", "typo", "--yes").exit_code == 0
    assert orders("get", "typo").exit_code == 1
    assert orders("erase").exit_code == 2
