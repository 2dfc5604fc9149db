"""A DynamoDB on a database in memory, for tests of its parts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps, Principal, RequestContext
from onebox.services.dynamodb.core import Core, make_core
from onebox.services.dynamodb.operations import OPERATIONS
from onebox.services.registry import BoundOperation, bind
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
TABLE: dict[str, Any] = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class Undo(Exception):
    """Makes a job fail after its work."""


@dataclass
class World:
    """The core of a service, and a way to call its operations."""

    core: Core
    storage: Storage
    clock: ManualClock

    def call(self, name: str, *, undone: bool = False, **request: Any) -> Any:
        """Run an operation in a job of its own, which fails in the end if ``undone``."""
        operation = bind(OPERATIONS, self.core)[name]
        assert isinstance(operation, BoundOperation)
        run = operation.run

        context = replace(CONTEXT, now_ms=self.clock.now_ms())

        def job() -> Any:
            answer = run(context, request)
            if undone:
                raise Undo
            return answer

        return self.storage.run(job)


def on_loop(test: Callable[[World], None]) -> None:
    """Run a test with a world of its own on an event loop."""

    async def main() -> None:
        connection = open_connection(None)
        migrate(connection)
        storage = Storage(connection, print)
        clock = ManualClock()
        deps = Deps(storage, clock, RandomIds(1), MetricBuffer(), logging.getLogger("test"))
        test(World(make_core(deps), storage, clock))
        storage.close()

    asyncio.run(main())
