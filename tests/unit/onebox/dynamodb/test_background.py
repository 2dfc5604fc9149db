"""Goal: what a deleted table or index leaves behind is dropped, whatever else was under way."""

from __future__ import annotations

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


def work(world: World) -> None:
    """Do all background steps there are."""
    while world.storage.run(world.core.background.step):
        world.storage.flush()
