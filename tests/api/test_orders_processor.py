"""Goal: OrderProcessor, as it is packaged, stores real orders once and sets aside only what nobody could store."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from onebox.testing import EngineThread
from orders.deployment.package import HANDLER, build_package
from orders.local.demo import INVALID, load_sample
from tests.api.order_system import TIMEOUT_S, OrderSystem, make_order_system
from tests.polling import until


@pytest.fixture
def system(paced: EngineThread) -> OrderSystem:
    return make_order_system(paced, build_package().content, HANDLER, raw=False, report_failures=True)


def test_processor_stores_raw_enveloped_and_twice_encoded_orders_alike(system: OrderSystem) -> None:
    text = '{"orderId":"%s","total":22.20,"items":[{"unitPrice":0.001}],"userId":null,"coupon":null}'
    expected = {
        "total": {"N": "22.2"},
        "items": {"L": [{"M": {"unitPrice": {"N": "0.001"}}}]},
        "coupon": {"NULL": True},
    }
    system.publish(text % "enveloped")
    system.send(text % "raw")
    system.send(json.dumps(text % "twice"))
    for order_id in ("enveloped", "raw", "twice"):
        assert system.wait_for(order_id) == {"orderId": {"S": order_id}, **expected}


def test_processor_of_the_same_order_again_changes_nothing_and_says_so(system: OrderSystem) -> None:
    order = '{"orderId":"O-1","timestamp":"2026-05-03T12:00:00Z","status":"%s"}'
    for status in ("new", "new"):
        system.send(order % status)
    system.wait_for("O-1")
    until(lambda: len(system.log_lines()) == 2, "both orders in the log")
    assert sorted(line["outcome"] for line in system.log_lines()) == ["duplicate", "stored"]


def test_processor_of_invalid_orders_sets_them_aside_with_their_reasons_and_stores_the_neighbours(
    system: OrderSystem,
) -> None:
    sqs = system.client("sqs")
    bodies = [*INVALID.values(), '{"orderId":"good"}']
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    sent = sqs.send_message_batch(QueueUrl=system.queue_url, Entries=entries)["Successful"]
    ids = {one["MessageId"] for one in sent[:3]}
    assert system.wait_for("good")
    letters = system.let_fail(system.failures, 3)
    assert {letter["MessageId"] for letter in letters} == ids
    errors = [line for line in system.log_lines() if line["level"] == "ERROR"]
    assert dict.fromkeys(ids, 3) == {
        message_id: sum(line["messageId"] == message_id for line in errors) for message_id in ids
    }
    assert len({line["reason"] for line in errors}) == 3
    assert {line["receiveCount"] for line in errors} == {1, 2, 3}


def test_processor_stores_real_orders_whole(system: OrderSystem) -> None:
    sample = load_sample()[:60]
    for start in range(0, len(sample), 10):
        system.client("sns").publish_batch(
            TopicArn=system.topic_arn,
            PublishBatchRequestEntries=[
                {"Id": str(entry.number), "Message": entry.text} for entry in sample[start : start + 10]
            ],
        )
    for entry in sample:
        order = json.loads(entry.text)
        item = system.wait_for(order["orderId"])
        assert len(item["items"]["L"]) == len(order["items"])
        assert float(item["total"]["N"]) == order["total"]
        assert ("userId" in item) == (order["userId"] is not None)


def test_processor_without_its_table_gives_orders_back_and_stores_them_when_it_is_there(system: OrderSystem) -> None:
    dynamodb = system.client("dynamodb")
    dynamodb.delete_table(TableName="Orders")
    system.send('{"orderId":"O-1"}')
    lines = until(system.log_lines, "a line in the log")
    assert (lines[0]["outcome"], lines[0]["exception"]) == ("unavailable", "ResourceNotFound")
    dynamodb.create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    system.engine.clock.advance(TIMEOUT_S)
    assert system.wait_for("O-1")


def test_processor_tells_cloudwatch_what_it_stored_and_what_it_is_worth(system: OrderSystem) -> None:
    cloudwatch = system.client("cloudwatch")
    for number in range(3):
        system.send(json.dumps({"orderId": f"O-{number}", "currency": "GBP", "total": 2.5}))
    system.send('{"orderId":"bad","items":[{"quantity":"two"}]}')
    system.let_fail(system.failures)

    def sum_of(name: str, **dimensions: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace="Orders",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=datetime.now(timezone.utc) - timedelta(hours=1),
            EndTime=datetime.now(timezone.utc) + timedelta(hours=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    until(lambda: sum_of("OrdersStored") == 3, "the orders stored")
    until(lambda: sum_of("OrderValue", Currency="GBP") == 7.5, "their value")
    until(lambda: sum_of("OrdersRejected", Reason="items[].quantity") == 1, "the refusal, once for three receives")
