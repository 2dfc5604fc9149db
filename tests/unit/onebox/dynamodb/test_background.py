"""Goal: what a deleted table or index leaves behind is dropped, whatever else was under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onebox.services.dynamodb.service import DynamoDb
from tests.unit.onebox.dynamodb.test_catalogue import CONTEXT, TABLE, on_loop

INDEX = {
    "IndexName": "byCity",
    "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def rows(dynamodb: DynamoDb, name: str) -> int:
    row = dynamodb.deps.storage.first(f"SELECT count(*) FROM dynamodb_{name}")
    assert row is not None
    return int(row[0])


def test_delete_table_after_its_index_leaves_no_rows() -> None:
    def test(dynamodb: DynamoDb, call: Callable[..., Any]) -> None:
        call("CreateTable", **TABLE)
        for number in range(450):
            call("PutItem", TableName="Orders", Item={"orderId": {"S": str(number)}, "city": {"S": "Rome"}})
        call(
            "UpdateTable",
            TableName="Orders",
            AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
        )
        work(dynamodb)
        assert rows(dynamodb, "index_entries") == 450
        call("UpdateTable", TableName="Orders", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byCity"}}])
        dynamodb.operations["DeleteTable"].run(CONTEXT, {"TableName": "Orders"})
        work(dynamodb)
        for name in ("items", "index_entries", "indexes", "sizes", "tables", "chores"):
            assert rows(dynamodb, name) == 0, name

    on_loop(test)


def work(dynamodb: DynamoDb) -> None:
    """Do all background steps there are."""
    while dynamodb.deps.storage.run(dynamodb.background.step):
        dynamodb.deps.storage.flush()
