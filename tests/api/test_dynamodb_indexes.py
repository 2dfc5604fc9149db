"""Goal: secondary indexes hold what their projection says, follow every write, and are filled when added later."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import all_pages, create_table, index, make_client, message
from tests.polling import until

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


def by_status(dynamodb: Any, status: str, name: str = "byStatus", **more: Any) -> Any:
    return dynamodb.query(
        TableName="Orders",
        IndexName=name,
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": status}},
        **more,
    )


def test_query_index_gives_the_projection_in_order_and_skips_items_without_its_key(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "new", "20", city={"S": "Rome"}, x={"S": "hidden"}))
    dynamodb.put_item(TableName="Orders", Item=order("b", "2", "new", "3"))
    dynamodb.put_item(TableName="Orders", Item=order("b", "3", "new", None))
    dynamodb.put_item(TableName="Orders", Item=order("b", "4", None, "5"))
    assert by_status(dynamodb, "new")["Items"] == [
        order("b", "2", "new", "3"),
        order("a", "1", "new", "20", city={"S": "Rome"}),
    ]
    assert len(by_status(dynamodb, "new", "all")["Items"]) == 3


def test_write_item_moves_its_index_entries(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "new", "1"))
    dynamodb.update_item(
        TableName="Orders",
        Key={"customer": {"S": "a"}, "id": {"S": "1"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "done"}},
    )
    assert by_status(dynamodb, "new")["Items"] == []
    assert by_status(dynamodb, "done")["Items"] == [order("a", "1", "done", "1")]
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", None, "1"))
    assert by_status(dynamodb, "done")["Items"] == []
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "done", "1"))
    dynamodb.delete_item(TableName="Orders", Key={"customer": {"S": "a"}, "id": {"S": "1"}})
    assert by_status(dynamodb, "done", "all")["Items"] == []


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


def test_query_index_pages_resume_among_equal_keys(dynamodb: Any) -> None:
    for at in range(9):
        dynamodb.put_item(TableName="Orders", Item=order(f"c{at % 3}", str(at), "new", "7"))
    request = {
        "TableName": "Orders",
        "IndexName": "byStatus",
        "KeyConditionExpression": "#s = :s AND total = :t",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":s": {"S": "new"}, ":t": {"N": "7"}},
    }
    request["KeyConditionExpression"] = "#s = :s AND #t = :t"
    request["ExpressionAttributeNames"] = {"#s": "status", "#t": "total"}
    forward = all_pages(dynamodb.query, **request, Limit=2)
    backward = all_pages(dynamodb.query, **request, Limit=2, ScanIndexForward=False)
    assert forward == backward[::-1]
    assert sorted(item["id"]["S"] for item in forward) == [str(at) for at in range(9)]
    first = dynamodb.query(**request, Limit=1)
    assert first["LastEvaluatedKey"].keys() == {"customer", "id", "status", "total"}


def test_scan_index_gives_its_entries_only(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "new", "1"))
    dynamodb.put_item(TableName="Orders", Item=order("a", "2", None, None))
    assert all_pages(dynamodb.scan, TableName="Orders", IndexName="keys", Limit=1) == [order("a", "1", None, "1")]


def test_query_local_index_fetches_what_it_does_not_hold(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item=order("a", "1", "new", "1", x={"S": "far"}))
    request = {
        "TableName": "Orders",
        "IndexName": "byTotal",
        "KeyConditionExpression": "customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "a"}},
        "ConsistentRead": True,
    }
    assert dynamodb.query(**request)["Items"] == [order("a", "1", None, "1")]
    assert dynamodb.query(**request, ProjectionExpression="x")["Items"] == [{"x": {"S": "far"}}]
    assert dynamodb.query(**request, Select="ALL_ATTRIBUTES")["Items"] == [order("a", "1", "new", "1", x={"S": "far"})]


def test_query_global_index_cannot_give_what_it_does_not_hold(dynamodb: Any) -> None:
    words = "One or more parameter values were invalid: Global secondary index byStatus does not project [x]"
    with pytest.raises(dynamodb.exceptions.ClientError, match="does not project") as caught:
        by_status(dynamodb, "new", ProjectionExpression="x")
    assert caught.value.response["Error"]["Message"] == words
    with pytest.raises(dynamodb.exceptions.ClientError, match="its projection type is not ALL"):
        by_status(dynamodb, "new", Select="ALL_ATTRIBUTES")
    with pytest.raises(
        dynamodb.exceptions.ClientError, match="Consistent reads are not supported on global secondary indexes"
    ):
        by_status(dynamodb, "new", ConsistentRead=True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"NULL": True},
            "One or more parameter values were invalid: Type mismatch for Index Key status Expected: S Actual: NULL "
            "IndexName: all",
        ),
        (
            {"N": "5"},
            "One or more parameter values were invalid: Type mismatch for Index Key status Expected: S Actual: N "
            "IndexName: all",
        ),
        (
            {"S": ""},
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
            "The AttributeValue for a key attribute cannot contain an empty string value. "
            "IndexName: all, IndexKey: status",
        ),
    ],
)
def test_put_item_value_that_cannot_be_an_index_key_is_refused(dynamodb: Any, value: Any, words: str) -> None:
    item = {**order("a", "1", None, None), "status": value}
    assert message(dynamodb.put_item, TableName="Orders", Item=item) == words
    requests = {"Orders": [{"PutRequest": {"Item": item}}]}
    assert message(dynamodb.batch_write_item, RequestItems=requests) == words


def test_update_item_empty_index_key_is_refused(dynamodb: Any) -> None:
    words = message(
        dynamodb.update_item,
        TableName="Orders",
        Key={"customer": {"S": "a"}, "id": {"S": "1"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": ""}},
    )
    assert words == (
        "One or more parameter values are not valid. The update expression attempted to update a secondary "
        "index key to "
        "a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
    )


def test_put_item_capacity_names_each_index(dynamodb: Any) -> None:
    capacity = dynamodb.put_item(
        TableName="Orders", Item=order("a", "1", "new", "1"), ReturnConsumedCapacity="INDEXES"
    )["ConsumedCapacity"]
    assert capacity == {
        "TableName": "Orders",
        "CapacityUnits": 5.0,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"byTotal": {"CapacityUnits": 1.0}},
        "GlobalSecondaryIndexes": {name: {"CapacityUnits": 1.0} for name in ("byStatus", "all", "keys")},
    }


def test_put_item_item_collection_metrics_for_tables_with_local_indexes(dynamodb: Any) -> None:
    answer = dynamodb.put_item(TableName="Orders", Item=order("a", "1", "new", "1"), ReturnItemCollectionMetrics="SIZE")
    assert answer["ItemCollectionMetrics"]["ItemCollectionKey"] == {"customer": {"S": "a"}}


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


def test_update_table_index_becomes_active_while_others_wait(client: Any) -> None:
    dynamodb = make_client(client)
    create_table(dynamodb)
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "city": {"S": "Rome"}})
    dynamodb.update_table(
        TableName="Orders",
        AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("byCity", "city")}],
    )

    def active() -> bool:
        table = dynamodb.describe_table(TableName="Orders")["Table"]
        return bool(table["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")

    until(active, "the index to become active")
    assert dynamodb.scan(TableName="Orders", IndexName="byCity")["Count"] == 1
