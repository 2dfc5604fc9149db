"""Goal: the tables kept in memory are never those of a change that was undone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps, Principal, RequestContext
from onebox.services.dynamodb.errors import ResourceNotFoundException
from onebox.services.dynamodb.service import DynamoDb
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing.manual_clock import ManualClock

CONTEXT = RequestContext(
    account="000000000000",
    region="us-east-1",
    principal=Principal("000000000000", "arn:aws:iam::000000000000:root", "000000000000"),
    now_ms=1,
    request_id="request",
    endpoint_url="http://localhost",
)
TABLE = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class Undo(Exception):
    """Makes a job fail after its work."""


def on_loop(test: Callable[[DynamoDb, Callable[..., Any]], None]) -> None:
    """Run a test with a service on a database in memory, and a way to call its operations."""

    async def main() -> None:
        connection = open_connection(None)
        migrate(connection)
        storage = Storage(connection, print)
        deps = Deps(storage, ManualClock(), RandomIds(1), MetricBuffer(), logging.getLogger("test"))
        dynamodb = DynamoDb(deps)

        def call(operation: str, *, undone: bool = False, **request: Any) -> Any:
            def job() -> Any:
                answer = dynamodb.operations[operation].run(CONTEXT, request)
                # Whoever looks at the table in the same job sees the change.
                dynamodb.catalogue.find(dynamodb.catalogue.load(CONTEXT, "Orders").key_name)
                if undone:
                    raise Undo
                return answer

            return storage.run(job)

        test(dynamodb, call)
        storage.close()

    asyncio.run(main())


def test_create_table_undone_is_not_found() -> None:
    def test(dynamodb: DynamoDb, call: Callable[..., Any]) -> None:
        with pytest.raises(Undo):
            call("CreateTable", undone=True, **TABLE)
        with pytest.raises(ResourceNotFoundException):
            call("DescribeTable", TableName="Orders")
        call("CreateTable", **TABLE)
        assert call("DescribeTable", TableName="Orders")["Table"]["ItemCount"] == 0

    on_loop(test)


def test_update_table_undone_keeps_the_old_settings() -> None:
    def test(dynamodb: DynamoDb, call: Callable[..., Any]) -> None:
        call("CreateTable", **TABLE)
        dynamodb.deps.storage.flush()
        call("DescribeTable", TableName="Orders")
        with pytest.raises(Undo):
            call("UpdateTable", undone=True, TableName="Orders", DeletionProtectionEnabled=True)
        table = call("DescribeTable", TableName="Orders")["Table"]
        assert table["DeletionProtectionEnabled"] is False
        call("UpdateTable", TableName="Orders", DeletionProtectionEnabled=True)
        dynamodb.deps.storage.flush()
        table = call("DescribeTable", TableName="Orders")["Table"]
        assert table["DeletionProtectionEnabled"] is True

    on_loop(test)


def test_load_settled_table_is_served_from_memory() -> None:
    def test(dynamodb: DynamoDb, call: Callable[..., Any]) -> None:
        call("CreateTable", **TABLE)
        dynamodb.deps.storage.flush()
        assert dynamodb.catalogue.load(CONTEXT, "Orders") is dynamodb.catalogue.load(CONTEXT, "Orders")

    on_loop(test)


def test_put_item_undone_leaves_counts_as_they_were() -> None:
    def test(dynamodb: DynamoDb, call: Callable[..., Any]) -> None:
        call("CreateTable", **TABLE)
        call("PutItem", TableName="Orders", Item={"orderId": {"S": "1"}})
        with pytest.raises(Undo):
            call("PutItem", undone=True, TableName="Orders", Item={"orderId": {"S": "2"}})
        table = call("DescribeTable", TableName="Orders")["Table"]
        assert (table["ItemCount"], table["TableSizeBytes"]) == (1, 8)

    on_loop(test)
