"""Goal: what a deleted table or index leaves behind is dropped, whatever else was under way."""

from __future__ import annotations

from unittest.mock import patch

from tests.unit.onebox.dynamodb.support import TABLE, World, on_loop

INDEX = {
    "IndexName": "byCity",
    "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def rows(world: World, name: str) -> int:
    row = world.storage.first(f"SELECT count(*) FROM dynamodb_{name}")
    assert row is not None
    return int(row[0])


def test_delete_table_after_its_index_leaves_no_rows() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        for number in range(450):
            world.call("PutItem", TableName="Orders", Item={"orderId": {"S": str(number)}, "city": {"S": "Rome"}})
        world.call(
            "UpdateTable",
            TableName="Orders",
            AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
        )
        work(world)
        assert rows(world, "index_entries") == 450
        deletion = {"Delete": {"IndexName": "byCity"}}
        world.call("UpdateTable", TableName="Orders", GlobalSecondaryIndexUpdates=[deletion])
        world.call("DeleteTable", TableName="Orders")
        work(world)
        for name in ("items", "index_entries", "indexes", "sizes", "tables", "chores"):
            assert rows(world, name) == 0, name

    on_loop(test)


def test_steps_of_time_to_live_are_bounded_by_bytes_and_tables() -> None:
    def test(world: World) -> None:
        for name in ("Orders", "Stock"):
            world.call("CreateTable", **{**TABLE, "TableName": name})
            expiry = {"Enabled": True, "AttributeName": "until"}
            world.call("UpdateTimeToLive", TableName=name, TimeToLiveSpecification=expiry)
            for number in range(7):
                item = {"orderId": {"S": str(number)}, "text": {"S": "x" * 600}, "until": {"N": "1700000000"}}
                world.call("PutItem", TableName=name, Item=item)
        work(world)
        left = [rows(world, "items")]
        with patch("onebox.services.dynamodb.background.sweeping.STEP_BYTES", 1000):
            while world.storage.run(lambda: world.core.sweeper.step(1_700_000_001_000)):
                left.append(rows(world, "items"))
        assert left == [14, 12, 10, 8, 7, 5, 3, 1, 0]

    on_loop(test)


def work(world: World) -> None:
    """Do all background steps there are."""
    while world.storage.run(world.core.background.step):
        world.storage.flush()
