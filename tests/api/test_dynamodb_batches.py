"""Goal: batches process every entry by itself, transactions all or none, and a token makes repeating harmless."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, make_client, message, refused


@pytest.fixture
def dynamodb(client: Any) -> Any:
    dynamodb = make_client(client)
    create_table(dynamodb)
    create_table(dynamodb, "Stock", "sku:S")
    return dynamodb


def put(order_id: str, **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {"orderId": {"S": order_id}, **more}}}


def key(order_id: str) -> dict[str, Any]:
    return {"orderId": {"S": order_id}}


def stored(dynamodb: Any) -> list[str]:
    return sorted(item["orderId"]["S"] for item in dynamodb.scan(TableName="Orders")["Items"])


def test_batch_write_item_puts_and_deletes_over_tables(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=key("old"))
    answer = dynamodb.batch_write_item(
        RequestItems={
            "Orders": [put("1", n={"N": "1.0"}), put("2"), {"DeleteRequest": {"Key": key("old")}}],
            "Stock": [{"PutRequest": {"Item": {"sku": {"S": "a"}}}}],
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["UnprocessedItems"] == {}
    assert {entry["TableName"]: entry["CapacityUnits"] for entry in answer["ConsumedCapacity"]} == {
        "Orders": 3.0,
        "Stock": 1.0,
    }
    assert stored(dynamodb) == ["1", "2"]
    assert dynamodb.describe_table(TableName="Orders")["Table"]["ItemCount"] == 2


def test_batch_write_item_replaces_what_is_there(dynamodb: Any) -> None:
    for number in ("1", "2"):
        dynamodb.batch_write_item(RequestItems={"Orders": [put("1", n={"N": number})]})
    assert dynamodb.get_item(TableName="Orders", Key=key("1"))["Item"]["n"] == {"N": "2"}


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ({}, "The requestItems parameter is required for BatchWriteItem"),
        (
            {"Orders": [put("1"), {"DeleteRequest": {"Key": key("1")}}]},
            "Provided list of item keys contains duplicates",
        ),
        ({"Orders": [put("")]}, "cannot contain an empty string value. Key: orderId"),
        (
            {"Orders": [{"PutRequest": {"Item": {"orderId": {"N": "1"}}}}]},
            "The provided key element does not match the schema",
        ),
        ({"Orders": [put("1"), put("2", n={"N": "x"})]}, "cannot be converted to a numeric value"),
        ({"Orders": [put(str(n)) for n in range(26)]}, "Member must have length less than or equal to 25"),
        (
            {"Orders": [put(str(n)) for n in range(20)], "Stock": [put(str(n)) for n in range(20)]},
            "Too many items requested for the BatchWriteItem call",
        ),
        ({"Orders": [put("1", x={"S": "x" * 409_600})]}, "Item size has exceeded the maximum allowed size"),
    ],
)
def test_batch_write_item_one_bad_entry_refuses_the_batch(dynamodb: Any, requests: Any, words: str) -> None:
    assert words in message(dynamodb.batch_write_item, RequestItems=requests)
    assert stored(dynamodb) == []


def test_batch_write_item_unknown_table_is_not_found(dynamodb: Any) -> None:
    request = {"Orders": [put("1")], "Nowhere": [put("1")]}
    refused(dynamodb.batch_write_item, "ResourceNotFoundException", RequestItems=request)
    assert stored(dynamodb) == []


def test_batch_get_item_gives_what_is_there(dynamodb: Any) -> None:
    dynamodb.batch_write_item(RequestItems={"Orders": [put("1", a={"S": "x"}, b={"S": "y"}), put("2")]})
    answer = dynamodb.batch_get_item(
        RequestItems={
            "Orders": {"Keys": [key("1"), key("none")], "ProjectionExpression": "a"},
            "Stock": {"Keys": [{"sku": {"S": "a"}}]},
        }
    )
    assert answer["Responses"] == {"Orders": [{"a": {"S": "x"}}], "Stock": []}
    assert answer["UnprocessedKeys"] == {}


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


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ({}, "The requestItems parameter is required for BatchGetItem"),
        ({"Orders": {"Keys": [key("1"), key("1")]}}, "Provided list of item keys contains duplicates"),
        ({"Orders": {"Keys": [key(str(n)) for n in range(101)]}}, "Member must have length less than or equal to 100"),
        (
            {"Orders": {"Keys": [key("1")], "AttributesToGet": ["a"], "ProjectionExpression": "a"}},
            "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
        ),
    ],
)
def test_batch_get_item_invalid_request_is_refused(dynamodb: Any, requests: Any, words: str) -> None:
    assert words in message(dynamodb.batch_get_item, RequestItems=requests)


def transact(order_id: str, *, absent: bool = False) -> dict[str, Any]:
    condition = {"ConditionExpression": "attribute_not_exists(orderId)"} if absent else {}
    return {"Put": {"TableName": "Orders", "Item": key(order_id), **condition}}


def test_transact_write_items_applies_all_four_kinds(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=key("old"))
    dynamodb.put_item(TableName="Stock", Item={"sku": {"S": "a"}, "left": {"N": "5"}})
    answer = dynamodb.transact_write_items(
        TransactItems=[
            transact("new", absent=True),
            {"Delete": {"TableName": "Orders", "Key": key("old")}},
            {
                "Update": {
                    "TableName": "Stock",
                    "Key": {"sku": {"S": "a"}},
                    "UpdateExpression": "SET #l = #l - :one",
                    "ConditionExpression": "#l >= :one",
                    "ExpressionAttributeNames": {"#l": "left"},
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            },
            {
                "ConditionCheck": {
                    "TableName": "Orders",
                    "Key": key("none"),
                    "ConditionExpression": "attribute_not_exists(orderId)",
                }
            },
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert stored(dynamodb) == ["new"]
    assert dynamodb.get_item(TableName="Stock", Key={"sku": {"S": "a"}})["Item"]["left"] == {"N": "4"}
    assert {entry["TableName"]: entry["WriteCapacityUnits"] for entry in answer["ConsumedCapacity"]} == {
        "Orders": 6.0,
        "Stock": 2.0,
    }


def test_transact_write_items_one_false_condition_cancels_all(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={**key("taken"), "a": {"S": "x"}})
    taken = transact("taken", absent=True)
    taken["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    answer = refused(
        dynamodb.transact_write_items, "TransactionCanceledException", TransactItems=[transact("new"), taken]
    )
    assert answer["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
    )
    assert answer["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": {**key("taken"), "a": {"S": "x"}},
        },
    ]
    assert stored(dynamodb) == ["taken"]


def test_transact_write_items_wrong_key_kind_cancels(dynamodb: Any) -> None:
    answer = refused(
        dynamodb.transact_write_items,
        "TransactionCanceledException",
        TransactItems=[transact("new"), {"Put": {"TableName": "Orders", "Item": {"orderId": {"N": "5"}}}}],
    )
    assert answer["CancellationReasons"][1] == {
        "Code": "ValidationError",
        "Message": "One or more parameter values were invalid: Type mismatch for key orderId expected: S actual: N",
    }
    assert stored(dynamodb) == []


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (
            [],
            "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        ([transact("1"), transact("1")], "Transaction request cannot include multiple operations on one item"),
        ([transact(str(n)) for n in range(101)], "Member must have length less than or equal to 100"),
        ([transact("")], "cannot contain an empty string value. Key: orderId"),
    ],
)
def test_transact_write_items_invalid_request_is_refused(dynamodb: Any, entries: Any, words: str) -> None:
    assert words in message(dynamodb.transact_write_items, TransactItems=entries)
    assert stored(dynamodb) == []


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


def test_transact_write_items_cancelled_token_may_be_used_again(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=key("1"))
    request = {"TransactItems": [transact("1", absent=True)], "ClientRequestToken": "token-2"}
    refused(dynamodb.transact_write_items, "TransactionCanceledException", **request)
    dynamodb.delete_item(TableName="Orders", Key=key("1"))
    dynamodb.transact_write_items(**request)
    assert stored(dynamodb) == ["1"]


def test_transact_get_items_answers_in_order(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={**key("1"), "a": {"S": "x"}})
    answer = dynamodb.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": "Orders", "Key": key("none")}},
            {"Get": {"TableName": "Orders", "Key": key("1"), "ProjectionExpression": "a"}},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["Responses"] == [{}, {"Item": {"a": {"S": "x"}}}]
    assert answer["ConsumedCapacity"][0]["ReadCapacityUnits"] == 4.0
