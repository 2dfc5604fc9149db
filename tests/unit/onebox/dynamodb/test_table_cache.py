"""Goal: the tables kept in memory are never those of a change that was undone."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.services.dynamodb.errors import ResourceNotFoundException
from tests.unit.onebox.dynamodb.support import CONTEXT, TABLE, Undo, World, on_loop


def look(world: World) -> Any:
    """Read the table through the cache, as any request does."""
    return world.core.table_cache.load(CONTEXT, "Orders")


def test_create_table_undone_is_not_found() -> None:
    def test(world: World) -> None:
        def job() -> None:
            world.call("CreateTable", **TABLE)
            look(world)
            raise Undo

        with pytest.raises(Undo):
            world.storage.run(job)
        with pytest.raises(ResourceNotFoundException):
            world.call("DescribeTable", TableName="Orders")
        world.call("CreateTable", **TABLE)
        assert world.call("DescribeTable", TableName="Orders")["Table"]["ItemCount"] == 0

    on_loop(test)


def test_update_table_undone_keeps_the_old_settings() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        world.storage.flush()
        look(world)

        def job() -> None:
            world.call("UpdateTable", TableName="Orders", DeletionProtectionEnabled=True)
            look(world)
            raise Undo

        with pytest.raises(Undo):
            world.storage.run(job)
        table = world.call("DescribeTable", TableName="Orders")["Table"]
        assert table["DeletionProtectionEnabled"] is False
        world.call("UpdateTable", TableName="Orders", DeletionProtectionEnabled=True)
        world.storage.flush()
        table = world.call("DescribeTable", TableName="Orders")["Table"]
        assert table["DeletionProtectionEnabled"] is True

    on_loop(test)


def test_load_committed_table_is_served_from_memory() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        world.storage.flush()
        assert look(world) is look(world)

    on_loop(test)


def test_put_item_undone_leaves_counts_as_they_were() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        world.call("PutItem", TableName="Orders", Item={"orderId": {"S": "1"}})
        with pytest.raises(Undo):
            world.call("PutItem", undone=True, TableName="Orders", Item={"orderId": {"S": "2"}})
        table = world.call("DescribeTable", TableName="Orders")["Table"]
        assert (table["ItemCount"], table["TableSizeBytes"]) == (1, 8)

    on_loop(test)
