"""Goal: a backup is of one moment, whatever is written while it is made; a restored table equals it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.onebox.dynamodb.support import TABLE, World, on_loop
from tests.unit.onebox.dynamodb.test_background import rows, work

PIECE = 4
KEYS = [f"{number:03d}" for number in range(3 * PIECE + 1)]
INDEX = {
    "IndexName": "byVersion",
    "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
INDEXED = {
    **TABLE,
    "AttributeDefinitions": [
        {"AttributeName": "orderId", "AttributeType": "S"},
        {"AttributeName": "v", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [INDEX],
}


@pytest.fixture(autouse=True, scope="module")
def small_pieces() -> Iterator[None]:
    """A few items are many pieces."""
    with patch("onebox.services.dynamodb.recovery.copying.STEP_ITEMS", PIECE):
        yield


def put(world: World, key: str, version: int) -> None:
    world.call("PutItem", TableName="Orders", Item={"orderId": {"S": key}, "v": {"N": str(version)}})


def delete(world: World, key: str) -> None:
    world.call("DeleteItem", TableName="Orders", Key={"orderId": {"S": key}})


def content(world: World, name: str, **more: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    request: dict[str, Any] = {"TableName": name, **more}
    while True:
        page = orjson.loads(orjson.dumps(world.call("Scan", **request)))
        found |= {item["orderId"]["S"]: item["v"]["N"] for item in page["Items"]}
        if "LastEvaluatedKey" not in page:
            return found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def step(world: World) -> bool:
    return world.storage.run(world.core.background.step)


def backed_up(world: World) -> str:
    return str(world.call("CreateBackup", TableName="Orders", BackupName="b00")["BackupDetails"]["BackupArn"])


def status(world: World, arn: str) -> Any:
    return world.call("DescribeBackup", BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"]


@given(
    st.lists(st.tuples(st.sampled_from(("put", "delete", "step", "rewrite")), st.sampled_from(KEYS)), max_size=25),
    st.booleans(),
)
@settings(max_examples=20)
def test_backup_holds_what_was_there_although_writes_go_on(writes: list[tuple[str, str]], deletes: bool) -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **INDEXED)
        for key in KEYS[::2]:
            put(world, key, 0)
        for key in KEYS[::3]:
            delete(world, key)
        for key in KEYS[1::2]:
            put(world, key, 1)
        before = content(world, "Orders")
        arn = backed_up(world)
        for number, (kind, key) in enumerate(writes):
            if kind == "put":
                put(world, key, 100 + number)
            elif kind == "rewrite":
                delete(world, key)
                put(world, key, 200 + number)
            elif kind == "delete":
                delete(world, key)
            else:
                step(world)
        if deletes:
            world.call("DeleteTable", TableName="Orders")
        work(world)
        assert status(world, arn) == "AVAILABLE"
        world.call("RestoreTableFromBackup", BackupArn=arn, TargetTableName="Restored")
        work(world)
        table = world.call("DescribeTable", TableName="Restored")["Table"]
        assert (table["TableStatus"], table["ItemCount"]) == ("ACTIVE", len(before))
        assert content(world, "Restored") == before == content(world, "Restored", IndexName="byVersion")

    on_loop(test)


def test_history_ends_with_the_copy_that_needed_it() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        for key in KEYS:
            put(world, key, 0)
        put(world, KEYS[0], 1)
        assert rows(world, "item_history") == 0, "nobody asks for what was before"
        arn = backed_up(world)
        assert status(world, arn) == "CREATING"
        for key in KEYS:
            put(world, key, 2)
        assert rows(world, "item_history") == len(KEYS)
        sweep(world)
        assert rows(world, "item_history") == len(KEYS), "the copy still needs it"
        work(world)
        put(world, KEYS[0], 3)
        sweep(world)
        assert rows(world, "item_history") == 0

    on_loop(test)


def test_hot_key_with_thousands_of_versions_is_found_by_two_searches() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        for key in KEYS:
            put(world, key, 0)
        arns = [backed_up(world)]
        for version in range(1, 400):
            put(world, KEYS[7], version)
        plan = world.storage.all(
            "EXPLAIN QUERY PLAN SELECT size_bytes FROM dynamodb_item_history WHERE table_id = 1 "
            "AND partition_key = x'00' AND sort_key = x'' AND replaced_at > 5 ORDER BY replaced_at LIMIT 1"
        )
        assert "SEARCH" in str(plan)
        assert "TEMP B-TREE" not in str(plan)
        arns.append(backed_up(world))
        work(world)
        for arn, newest in zip(arns, ("0", "399"), strict=True):
            name = f"Restored{newest}"
            world.call("RestoreTableFromBackup", BackupArn=arn, TargetTableName=name)
            work(world)
            assert content(world, name)[KEYS[7]] == newest

    on_loop(test)


def test_deleted_backup_leaves_no_rows() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        for key in KEYS:
            put(world, key, 0)
        arn = backed_up(world)
        work(world)
        world.call("DeleteTable", TableName="Orders")
        work(world)
        assert rows(world, "items") == len(KEYS)
        world.call("DeleteBackup", BackupArn=arn)
        work(world)
        for name in ("items", "index_entries", "backups", "copies", "tables", "chores", "sizes", "item_history"):
            assert rows(world, name) == 0, name

    on_loop(test)


def sweep(world: World) -> None:
    """Do what the sweep of each minute does, until nothing is left."""
    while world.storage.run(lambda: world.core.sweeper.step(0)):
        world.storage.flush()
