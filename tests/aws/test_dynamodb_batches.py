"""Goal: batches process every entry by itself, transactions all or none, and a token makes repeating harmless."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import make_client, make_table, message, refused


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


@pytest.fixture
def table(dynamodb: Any, unique: Unique, until: Any) -> str:
    return make_table(dynamodb, until, unique("Orders"))


@pytest.fixture(scope="module")
def empty_table(dynamodb: Any, shared_unique: Unique, until: Any) -> str:
    """For requests that are refused."""
    return make_table(dynamodb, until, shared_unique("Orders"))


@pytest.fixture(scope="module")
def empty_stock(dynamodb: Any, shared_unique: Unique, until: Any) -> str:
    """For requests that are refused."""
    return make_table(dynamodb, until, shared_unique("Stock"), "sku:S")


@pytest.fixture
def stock(dynamodb: Any, unique: Unique, until: Any) -> str:
    return make_table(dynamodb, until, unique("Stock"), "sku:S")


def named(requests: dict[str, Any], table: str, stock: str) -> dict[str, Any]:
    """The requests by the tables' names in this run."""
    return {{"Orders": table, "Stock": stock}[label]: entries for label, entries in requests.items()}


def put(order_id: str, **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {"orderId": {"S": order_id}, **more}}}


def key(order_id: str) -> dict[str, Any]:
    return {"orderId": {"S": order_id}}


def stored(dynamodb: Any, table: str) -> list[str]:
    return sorted(item["orderId"]["S"] for item in dynamodb.scan(TableName=table)["Items"])


def test_batch_write_item_puts_and_deletes_over_tables(dynamodb: Any, table: str, stock: str) -> None:
    dynamodb.put_item(TableName=table, Item=key("old"))
    answer = dynamodb.batch_write_item(
        RequestItems={
            table: [put("1", n={"N": "1.0"}), put("2"), {"DeleteRequest": {"Key": key("old")}}],
            stock: [{"PutRequest": {"Item": {"sku": {"S": "a"}}}}],
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["UnprocessedItems"] == {}
    assert {entry["TableName"]: entry["CapacityUnits"] for entry in answer["ConsumedCapacity"]} == {
        table: 3.0,
        stock: 1.0,
    }
    assert stored(dynamodb, table) == ["1", "2"]


def test_batch_write_item_replaces_what_is_there(dynamodb: Any, table: str) -> None:
    for number in ("1", "2"):
        dynamodb.batch_write_item(RequestItems={table: [put("1", n={"N": number})]})
    assert dynamodb.get_item(TableName=table, Key=key("1"))["Item"]["n"] == {"N": "2"}


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
def test_batch_write_item_one_bad_entry_refuses_the_batch(
    dynamodb: Any, requests: Any, words: str, empty_table: str, empty_stock: str
) -> None:
    assert words in message(dynamodb.batch_write_item, RequestItems=named(requests, empty_table, empty_stock))
    assert stored(dynamodb, empty_table) == []


def test_batch_write_item_unknown_table_is_not_found(dynamodb: Any, unique: Unique, table: str) -> None:
    request = {table: [put("1")], unique("Nowhere"): [put("1")]}
    refused(dynamodb.batch_write_item, "ResourceNotFoundException", RequestItems=request)
    assert stored(dynamodb, table) == []


def test_batch_get_item_gives_what_is_there(dynamodb: Any, table: str, stock: str) -> None:
    dynamodb.batch_write_item(RequestItems={table: [put("1", a={"S": "x"}, b={"S": "y"}), put("2")]})
    answer = dynamodb.batch_get_item(
        RequestItems={
            table: {"Keys": [key("1"), key("none")], "ProjectionExpression": "a", "ConsistentRead": True},
            stock: {"Keys": [{"sku": {"S": "a"}}]},
        }
    )
    assert answer["Responses"] == {table: [{"a": {"S": "x"}}], stock: []}
    assert answer["UnprocessedKeys"] == {}


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
def test_batch_get_item_invalid_request_is_refused(
    dynamodb: Any, requests: Any, words: str, empty_table: str, empty_stock: str
) -> None:
    assert words in message(dynamodb.batch_get_item, RequestItems=named(requests, empty_table, empty_stock))


def transact(table: str, order_id: str, *, absent: bool = False) -> dict[str, Any]:
    condition = {"ConditionExpression": "attribute_not_exists(orderId)"} if absent else {}
    return {"Put": {"TableName": table, "Item": key(order_id), **condition}}


def test_transact_write_items_applies_all_four_kinds(dynamodb: Any, table: str, stock: str) -> None:
    dynamodb.put_item(TableName=table, Item=key("old"))
    dynamodb.put_item(TableName=stock, Item={"sku": {"S": "a"}, "left": {"N": "5"}})
    answer = dynamodb.transact_write_items(
        TransactItems=[
            transact(table, "new", absent=True),
            {"Delete": {"TableName": table, "Key": key("old")}},
            {
                "Update": {
                    "TableName": stock,
                    "Key": {"sku": {"S": "a"}},
                    "UpdateExpression": "SET #l = #l - :one",
                    "ConditionExpression": "#l >= :one",
                    "ExpressionAttributeNames": {"#l": "left"},
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            },
            {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": key("none"),
                    "ConditionExpression": "attribute_not_exists(orderId)",
                }
            },
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert stored(dynamodb, table) == ["new"]
    assert dynamodb.get_item(TableName=stock, Key={"sku": {"S": "a"}})["Item"]["left"] == {"N": "4"}
    assert {entry["TableName"]: entry["WriteCapacityUnits"] for entry in answer["ConsumedCapacity"]} == {
        table: 6.0,
        stock: 2.0,
    }


def test_transact_write_items_one_false_condition_cancels_all(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**key("taken"), "a": {"S": "x"}})
    taken = transact(table, "taken", absent=True)
    taken["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    answer = refused(
        dynamodb.transact_write_items, "TransactionCanceledException", TransactItems=[transact(table, "new"), taken]
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
    assert stored(dynamodb, table) == ["taken"]


def test_transact_write_items_wrong_key_kind_cancels(dynamodb: Any, table: str) -> None:
    answer = refused(
        dynamodb.transact_write_items,
        "TransactionCanceledException",
        TransactItems=[transact(table, "new"), {"Put": {"TableName": table, "Item": {"orderId": {"N": "5"}}}}],
    )
    assert answer["CancellationReasons"][1] == {
        "Code": "ValidationError",
        "Message": "One or more parameter values were invalid: Type mismatch for key orderId expected: S actual: N",
    }
    assert stored(dynamodb, table) == []


@pytest.mark.parametrize(
    ("order_ids", "words"),
    [
        (
            [],
            "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (["1", "1"], "Transaction request cannot include multiple operations on one item"),
        ([str(n) for n in range(101)], "Member must have length less than or equal to 100"),
        ([""], "cannot contain an empty string value. Key: orderId"),
    ],
)
def test_transact_write_items_invalid_request_is_refused(
    dynamodb: Any, order_ids: list[str], words: str, empty_table: str
) -> None:
    entries = [transact(empty_table, order_id) for order_id in order_ids]
    assert words in message(dynamodb.transact_write_items, TransactItems=entries)
    assert stored(dynamodb, empty_table) == []


def test_transact_write_items_cancelled_token_may_be_used_again(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=key("1"))
    request = {"TransactItems": [transact(table, "1", absent=True)], "ClientRequestToken": "token-2"}
    refused(dynamodb.transact_write_items, "TransactionCanceledException", **request)
    dynamodb.delete_item(TableName=table, Key=key("1"))
    dynamodb.transact_write_items(**request)
    assert stored(dynamodb, table) == ["1"]


def test_transact_get_items_answers_in_order(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**key("1"), "a": {"S": "x"}})
    answer = dynamodb.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": table, "Key": key("none")}},
            {"Get": {"TableName": table, "Key": key("1"), "ProjectionExpression": "a"}},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["Responses"] == [{}, {"Item": {"a": {"S": "x"}}}]
    assert answer["ConsumedCapacity"][0]["ReadCapacityUnits"] == 4.0
