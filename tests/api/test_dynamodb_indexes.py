"""Goal: secondary indexes hold what their projection says, follow every write, and are filled when added later."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index, make_client, message

LOCAL = {
    "IndexName": "byTotal",
    "KeySchema": [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "total", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}


@pytest.fixture
def dynamodb(client: Any) -> Any:
    dynamodb = make_client(client)
    create_table(
        dynamodb,
        "Orders",
        "customer:S",
        "id:S",
        attributes=["status:S", "total:N"],
        LocalSecondaryIndexes=[LOCAL],
        GlobalSecondaryIndexes=[
            index("byStatus", "status", "total", ["city"]),
            index("all", "status"),
            index("keys", "total", None, "KEYS_ONLY"),
        ],
    )
    return dynamodb


def order(customer: str, order_id: str, status: str | None, total: str | None, **more: Any) -> dict[str, Any]:
    item = {"customer": {"S": customer}, "id": {"S": order_id}, **more}
    if status is not None:
        item["status"] = {"S": status}
    if total is not None:
        item["total"] = {"N": total}
    return item


def test_describe_table_counts_index_entries(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "new", "1", pad={"S": "x" * 100}))
    dynamodb.put_item(TableName="Orders", Item=order("a", "2", "new", None))
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "old", "1", pad={"S": "x" * 50}))
    table = dynamodb.describe_table(TableName="Orders")["Table"]
    counts = {
        entry["IndexName"]: (entry["ItemCount"], entry["IndexSizeBytes"])
        for entry in (*table["GlobalSecondaryIndexes"], *table["LocalSecondaryIndexes"])
    }
    keys = len("customer") + 1 + len("id") + 1
    status, total = len("status") + 3, len("total") + 2
    assert counts == {
        "all": (2, (keys + status + total + 3 + 50) + (keys + status)),
        "byStatus": (1, keys + status + total),
        "byTotal": (1, keys + total),
        "keys": (1, keys + total),
    }


def test_update_table_new_index_is_filled_from_the_items_there(timed: EngineThread) -> None:
    dynamodb = timed.client("dynamodb")
    create_table(dynamodb)
    for start in range(0, 500, 25):
        requests = [
            {"PutRequest": {"Item": {"orderId": {"S": f"{n}"}, "city": {"S": f"c{n % 5}"}}}}
            for n in range(start, start + 25)
        ]
        dynamodb.batch_write_item(RequestItems={"Orders": requests})
    # Of another kind, empty or absent: such items stay out of the index.
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "x"}, "city": {"N": "1"}})
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "y"}, "city": {"S": ""}})
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "z"}})
    answer = dynamodb.update_table(
        TableName="Orders",
        AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("byCity", "city")}],
    )["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    (entry,) = answer["GlobalSecondaryIndexes"]
    assert (entry["IndexStatus"], entry["Backfilling"]) == ("CREATING", True)
    request: dict[str, Any] = {
        "TableName": "Orders",
        "IndexName": "byCity",
        "KeyConditionExpression": "city = :c",
        "ExpressionAttributeValues": {":c": {"S": "c3"}},
    }
    assert "Cannot read from backfilling global secondary index" in message(dynamodb.query, **request)
    # Writes during the backfill: one gone, one moved, one new.
    dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": "3"}})
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "8"}, "city": {"S": "c9"}})
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "new"}, "city": {"S": "c3"}})
    dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": "x"}})
    timed.clock.advance(1)
    (entry,) = dynamodb.describe_table(TableName="Orders")["Table"]["GlobalSecondaryIndexes"]
    assert (entry["IndexStatus"], entry["ItemCount"]) == ("ACTIVE", 500)
    found = {item["orderId"]["S"] for item in dynamodb.query(**request)["Items"]}
    assert found == ({str(n) for n in range(3, 500, 5)} | {"new"}) - {"3", "8"}


def test_update_table_deleted_index_is_gone_at_once(client: Any) -> None:
    dynamodb = make_client(client)
    create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "city": {"S": "Rome"}})
    dynamodb.update_table(TableName="Orders", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byCity"}}])
    table = dynamodb.describe_table(TableName="Orders")["Table"]
    assert "GlobalSecondaryIndexes" not in table
    assert [entry["AttributeName"] for entry in table["AttributeDefinitions"]] == ["orderId"]
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "city": {"NULL": True}})
    words = message(
        dynamodb.update_table,
        "ResourceNotFoundException",
        TableName="Orders",
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byCity"}}],
    )
    assert "byCity" in words
