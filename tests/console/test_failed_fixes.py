"""Goal: a conflict has two ways out, many orders are fixed with one previewed change, each resend shows its result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from tests.console.failed_shop import GROUP, STREAM, Shop, order
from tests.polling import until

CURRENCY = "currency: expected three upper-case letters"


def store(client: Callable[..., Any], item: dict[str, Any]) -> None:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(
        TableName="Orders", Item={name: TypeSerializer().serialize(value) for name, value in item.items()}
    )


def in_conflict(shop: Shop) -> str:
    store(shop.client, {**json.loads(order("C-1")), "total": 10, "items": []})
    message_id = shop.fail(order("C-1", total=20), "same timestamp and different content")
    lines = shop.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    content = {**json.loads(lines[-1]["message"]), "exception": "OrderConflict"}
    event = {"timestamp": lines[-1]["timestamp"] + 1, "message": json.dumps(content)}
    shop.client("logs").put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[event])
    return message_id


def test_a_conflict_shows_both_orders_and_is_not_called_valid(shop: Shop) -> None:
    page = shop.page("/failed/message", id=in_conflict(shop))
    assert "Same timestamp, different content" in page
    assert "Valid: OrderProcessor would store it" not in page
    assert '<tr class="differs"><td data-label="Field"><code>total</code>' in page


def test_the_stored_order_is_kept(shop: Shop) -> None:
    message_id = in_conflict(shop)
    shop.page()
    assert shop.browser.post("/failed/keep-stored", {"id": message_id}).status_code == 303
    assert shop.held("OrderDLQ") == shop.held("OrderQueue") == 0


def test_the_failed_order_is_taken_with_a_new_timestamp(shop: Shop) -> None:
    message_id = in_conflict(shop)
    shop.page()
    assert shop.browser.post("/failed/take-incoming", {"id": message_id}).status_code == 303
    assert shop.held("OrderDLQ") == 0
    (sent,) = map(json.loads, shop.bodies("OrderQueue"))
    assert sent["total"] == 20
    assert sent["timestamp"] > "2026-05-03T10:00:00Z"


def test_one_change_fixes_many_after_a_preview(shop: Shop) -> None:
    for number in range(12):
        shop.fail(order(f"M-{number}", currency="pounds"), CURRENCY)
    shop.fail(order("M-bad", currency="pounds", total="x"), CURRENCY)
    key = shop.group_of(shop.page(), CURRENCY)
    change = {"group": key, "field": "currency", "op": "set", "value": "GBP"}
    preview = shop.browser.text("/failed/fix", **change)
    assert "12 of 13 become valid" in preview
    assert shop.held("OrderQueue") == 0, "a preview sends nothing"
    assert shop.browser.post("/failed/fix/send", change).status_code == 303
    assert "12 sent back" in shop.wait()
    assert (shop.held("OrderQueue"), shop.held("OrderDLQ")) == (12, 1)
    assert {json.loads(body)["currency"] for body in shop.bodies("OrderQueue")} == {"GBP"}
    refused = shop.browser.get("/failed/fix", group=key, field="a..b", value="1")
    assert refused.status_code == 400
    assert "a..b is not a field" in refused.text


def test_a_resend_shows_how_many_were_stored_and_failed_again(shop: Shop) -> None:
    ids = shop.fail_many(3)
    shop.page()
    shop.browser.post("/failed/redrive", {"scope": "chosen", "id": ids})
    assert "3 pending" in shop.wait()
    sqs, logs = shop.client("sqs"), shop.client("logs")
    sent = sqs.receive_message(QueueUrl=shop.url("OrderQueue"), MaxNumberOfMessages=10)["Messages"]
    shop._log(sent[0]["MessageId"], "broken again")
    at_ms = logs.filter_log_events(logGroupName=GROUP)["events"][-1]["timestamp"]
    stored = {"messageId": sent[1]["MessageId"], "outcome": "stored", "level": "INFO"}
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=STREAM, logEvents=[{"timestamp": at_ms + 1, "message": json.dumps(stored)}]
    )

    def is_shown() -> bool:
        shown = shop.browser.text("/failed/jobs")
        return all(text in shown for text in ("1 stored", "1 failed again", "1 pending"))

    until(is_shown, "the results of the resend")
