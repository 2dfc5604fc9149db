"""Goal: secondary indexes hold what their projection says, follow every write, and are filled when added later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import all_pages, index, make_client, make_table, message

LOCAL = {
    "IndexName": "byTotal",
    "KeySchema": [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "total", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


@pytest.fixture
def table(dynamodb: Any, unique: Unique, until: Any) -> str:
    return make_table(
        dynamodb,
        until,
        unique("Orders"),
        "customer:S",
        sort="id:S",
        attributes=["status:S", "total:N"],
        LocalSecondaryIndexes=[LOCAL],
        GlobalSecondaryIndexes=[
            index("byStatus", "status", "total", ["city"]),
            index("all", "status"),
            index("keys", "total", None, "KEYS_ONLY"),
        ],
    )


def order(customer: str, order_id: str, status: str | None, total: str | None, **more: Any) -> dict[str, Any]:
    item = {"customer": {"S": customer}, "id": {"S": order_id}, **more}
    if status is not None:
        item["status"] = {"S": status}
    if total is not None:
        item["total"] = {"N": total}
    return item


def by_status(dynamodb: Any, table: str, status: str, name: str = "byStatus", **more: Any) -> Any:
    return dynamodb.query(
        TableName=table,
        IndexName=name,
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": status}},
        **more,
    )


def test_query_index_gives_the_projection_in_order_and_skips_items_without_its_key(
    dynamodb: Any, table: str, until: Any
) -> None:
    dynamodb.put_item(TableName=table, Item=order("a", "1", "new", "20", city={"S": "Rome"}, x={"S": "hidden"}))
    dynamodb.put_item(TableName=table, Item=order("b", "2", "new", "3"))
    dynamodb.put_item(TableName=table, Item=order("b", "3", "new", None))
    dynamodb.put_item(TableName=table, Item=order("b", "4", None, "5"))
    projected = [order("b", "2", "new", "3"), order("a", "1", "new", "20", city={"S": "Rome"})]
    until(lambda: by_status(dynamodb, table, "new")["Items"] == projected, "the projected items in the index")
    until(lambda: len(by_status(dynamodb, table, "new", "all")["Items"]) == 3, "three items in the index")


def test_write_item_moves_its_index_entries(dynamodb: Any, table: str, until: Any) -> None:
    dynamodb.put_item(TableName=table, Item=order("a", "1", "new", "1"))
    dynamodb.update_item(
        TableName=table,
        Key={"customer": {"S": "a"}, "id": {"S": "1"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "done"}},
    )
    moved = [order("a", "1", "done", "1")]
    until(lambda: by_status(dynamodb, table, "done")["Items"] == moved, "the item at its new place")
    until(lambda: by_status(dynamodb, table, "new")["Items"] == [], "the old place to be empty")
    dynamodb.put_item(TableName=table, Item=order("a", "1", None, "1"))
    until(lambda: by_status(dynamodb, table, "done")["Items"] == [], "the entry to be gone")
    dynamodb.put_item(TableName=table, Item=order("a", "1", "done", "1"))
    dynamodb.delete_item(TableName=table, Key={"customer": {"S": "a"}, "id": {"S": "1"}})
    until(lambda: by_status(dynamodb, table, "done", "all")["Items"] == [], "the index to be empty")


def test_query_index_pages_resume_among_equal_keys(dynamodb: Any, table: str, until: Any) -> None:
    for at in range(9):
        dynamodb.put_item(TableName=table, Item=order(f"c{at % 3}", str(at), "new", "7"))
    request = {
        "TableName": table,
        "IndexName": "byStatus",
        "KeyConditionExpression": "#s = :s AND total = :t",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":s": {"S": "new"}, ":t": {"N": "7"}},
    }
    request["KeyConditionExpression"] = "#s = :s AND #t = :t"
    request["ExpressionAttributeNames"] = {"#s": "status", "#t": "total"}
    until(lambda: len(all_pages(dynamodb.query, **request)) == 9, "nine entries in the index")
    forward = all_pages(dynamodb.query, **request, Limit=2)
    backward = all_pages(dynamodb.query, **request, Limit=2, ScanIndexForward=False)
    assert forward == backward[::-1]
    assert sorted(item["id"]["S"] for item in forward) == [str(at) for at in range(9)]
    first = dynamodb.query(**request, Limit=1)
    assert first["LastEvaluatedKey"].keys() == {"customer", "id", "status", "total"}


def test_scan_index_gives_its_entries_only(dynamodb: Any, table: str, until: Any) -> None:
    dynamodb.put_item(TableName=table, Item=order("a", "1", "new", "1"))
    dynamodb.put_item(TableName=table, Item=order("a", "2", None, None))
    entries = [order("a", "1", None, "1")]
    until(
        lambda: all_pages(dynamodb.scan, TableName=table, IndexName="keys", Limit=1) == entries,
        "the entry in the index",
    )


def test_query_local_index_fetches_what_it_does_not_hold(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=order("a", "1", "new", "1", x={"S": "far"}))
    request = {
        "TableName": table,
        "IndexName": "byTotal",
        "KeyConditionExpression": "customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "a"}},
        "ConsistentRead": True,
    }
    assert dynamodb.query(**request)["Items"] == [order("a", "1", None, "1")]
    assert dynamodb.query(**request, ProjectionExpression="x")["Items"] == [{"x": {"S": "far"}}]
    assert dynamodb.query(**request, Select="ALL_ATTRIBUTES")["Items"] == [order("a", "1", "new", "1", x={"S": "far"})]


def test_query_global_index_cannot_give_what_it_does_not_hold(dynamodb: Any, table: str) -> None:
    words = "One or more parameter values were invalid: Global secondary index byStatus does not project [x]"
    with pytest.raises(dynamodb.exceptions.ClientError, match="does not project") as caught:
        by_status(dynamodb, table, "new", ProjectionExpression="x")
    assert caught.value.response["Error"]["Message"] == words
    with pytest.raises(dynamodb.exceptions.ClientError, match="its projection type is not ALL"):
        by_status(dynamodb, table, "new", Select="ALL_ATTRIBUTES")
    with pytest.raises(
        dynamodb.exceptions.ClientError, match="Consistent reads are not supported on global secondary indexes"
    ):
        by_status(dynamodb, table, "new", ConsistentRead=True)


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
def test_put_item_value_that_cannot_be_an_index_key_is_refused(
    dynamodb: Any, value: Any, words: str, table: str
) -> None:
    item = {**order("a", "1", None, None), "status": value}
    assert message(dynamodb.put_item, TableName=table, Item=item) == words
    requests = {table: [{"PutRequest": {"Item": item}}]}
    assert message(dynamodb.batch_write_item, RequestItems=requests) == words


def test_update_item_empty_index_key_is_refused(dynamodb: Any, table: str) -> None:
    words = message(
        dynamodb.update_item,
        TableName=table,
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


def test_put_item_capacity_names_each_index(dynamodb: Any, table: str) -> None:
    capacity = dynamodb.put_item(TableName=table, Item=order("a", "1", "new", "1"), ReturnConsumedCapacity="INDEXES")[
        "ConsumedCapacity"
    ]
    assert capacity == {
        "TableName": table,
        "CapacityUnits": 5.0,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"byTotal": {"CapacityUnits": 1.0}},
        "GlobalSecondaryIndexes": {name: {"CapacityUnits": 1.0} for name in ("byStatus", "all", "keys")},
    }


def test_put_item_item_collection_metrics_for_tables_with_local_indexes(dynamodb: Any, table: str) -> None:
    answer = dynamodb.put_item(TableName=table, Item=order("a", "1", "new", "1"), ReturnItemCollectionMetrics="SIZE")
    assert answer["ItemCollectionMetrics"]["ItemCollectionKey"] == {"customer": {"S": "a"}}


def test_update_table_index_becomes_active_while_others_wait(dynamodb: Any, unique: Unique, until: Any) -> None:
    table = make_table(dynamodb, until, unique("Orders"))
    dynamodb.put_item(TableName=table, Item={"orderId": {"S": "1"}, "city": {"S": "Rome"}})
    dynamodb.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("byCity", "city")}],
    )

    def active() -> bool:
        found = dynamodb.describe_table(TableName=table)["Table"]
        return bool(found["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")

    until(active, "the index to become active")
    until(lambda: dynamodb.scan(TableName=table, IndexName="byCity")["Count"] == 1, "the item in the index")
