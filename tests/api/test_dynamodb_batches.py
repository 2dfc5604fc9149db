"""Goal: batches process every entry by itself, transactions all or none, and a token makes repeating harmless."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, make_client, refused


@pytest.fixture
def dynamodb(client: Any) -> Any:
    dynamodb = make_client(client)
    create_table(dynamodb)
    create_table(dynamodb, "Stock", "sku:S")
    return dynamodb


def key(order_id: str) -> dict[str, Any]:
    return {"orderId": {"S": order_id}}


def test_batch_get_item_beyond_16_megabytes_leaves_keys_unprocessed(dynamodb: Any) -> None:
    for n in range(45):
        dynamodb.put_item(TableName="Orders", Item={**key(str(n)), "x": {"S": "x" * 400_000}})
    wanted = {"Orders": {"Keys": [key(str(n)) for n in range(45)]}}
    got: list[str] = []
    rounds = 0
    while wanted:
        answer = dynamodb.batch_get_item(RequestItems=wanted)
        got += [item["orderId"]["S"] for item in answer["Responses"]["Orders"]]
        wanted = answer["UnprocessedKeys"]
        rounds += 1
    assert (sorted(got, key=int), rounds) == ([str(n) for n in range(45)], 2)


def transact(order_id: str, *, absent: bool = False) -> dict[str, Any]:
    condition = {"ConditionExpression": "attribute_not_exists(orderId)"} if absent else {}
    return {"Put": {"TableName": "Orders", "Item": key(order_id), **condition}}


def test_transact_write_items_same_token_applies_once(timed: EngineThread) -> None:
    dynamodb = timed.client("dynamodb", parameter_validation=False)
    create_table(dynamodb)
    add = {
        "Update": {
            "TableName": "Orders",
            "Key": key("1"),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    request = {"TransactItems": [add], "ClientRequestToken": "token-1", "ReturnConsumedCapacity": "TOTAL"}
    first = dynamodb.transact_write_items(**request)["ConsumedCapacity"][0]
    again = dynamodb.transact_write_items(**request)["ConsumedCapacity"][0]
    assert (first["WriteCapacityUnits"], again["ReadCapacityUnits"]) == (2.0, 2.0)
    assert dynamodb.get_item(TableName="Orders", Key=key("1"))["Item"]["n"] == {"N": "1"}
    refused(
        dynamodb.transact_write_items,
        "IdempotentParameterMismatchException",
        TransactItems=[transact("other")],
        ClientRequestToken="token-1",
    )
    timed.clock.advance(601)
    dynamodb.transact_write_items(**request)
    assert dynamodb.get_item(TableName="Orders", Key=key("1"))["Item"]["n"] == {"N": "2"}
