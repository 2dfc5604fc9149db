"""Goal: what a destination refused is tried again every half minute, no more often and, after a failure, no less."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from onebox.errors import AwsError
from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.runtime.wanted_task import PAUSE_AFTER_FAILURE_MS
from onebox.services.context import Deps, Principal, RequestContext
from onebox.services.logs.background.subscriptions import SubscriptionDelivery
from onebox.services.logs.core import make_core
from onebox.services.logs.limits import INLINE_WORK_MAX, SUBSCRIPTION_RETRIES_AT_ONCE, SUBSCRIPTION_RETRY_MS
from onebox.services.logs.model import SubscriptionFilter
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock

ACCOUNT, REGION = "000000000000", "us-east-1"
RETRY_S = SUBSCRIPTION_RETRY_MS / 1000


class Functions:
    """Functions that refuse the logs until they are opened."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.asked: list[str] = []
        self.invoked: list[str] = []
        self.failures: list[Exception] = []

    def check_invocation(
        self, context: RequestContext, function_arn: str, *, source_service: str, source_arn: str
    ) -> None:
        self.asked.append(function_arn)
        if self.failures:
            raise self.failures.pop()
        if function_arn not in self.open:
            raise AwsError("closed")

    def invoke_async(
        self, context: RequestContext, function_arn: str, payload: bytes, *, source_service: str, source_arn: str
    ) -> str:
        self.invoked.append(function_arn)
        return "id"


class Delivery:
    """A group with a filter for each of the functions, and batches put into it."""

    def __init__(self, functions: list[str]) -> None:
        connection = open_connection(None)
        migrate(connection)
        self.storage, self.clock, self.functions = Storage(connection, lambda _: None), ManualClock(), Functions()
        log = logging.getLogger("test")
        self.core = make_core(Deps(self.storage, self.clock, RandomIds(seed=7), MetricBuffer(), log))
        self.core.destinations.connect(self.functions)
        principal = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        self.context = RequestContext(ACCOUNT, REGION, principal, self.clock.now_ms(), "request", "http://onebox.test")
        self.filters = functions
        self.delivery = SubscriptionDelivery(self.core)

    def _make_group(self) -> None:
        self.core.groups.insert(ACCOUNT, REGION, "g", 0)
        group = self.core.groups.find(ACCOUNT, REGION, "g")
        assert group is not None
        self.stream_id = self.core.streams.insert(group.id, "s", 0)
        for name in self.filters:
            self.core.subscriptions.put(group.id, SubscriptionFilter(name, 0, "", name, None, "ByLogStream"))

    async def put(self, batches: int) -> None:
        self.begin_put(batches, "text")
        await self.settle(lambda: self.core.subscriptions.find_oldest_batch() is None)

    def begin_put(self, batches: int, text: str) -> None:
        group = self.core.groups.find(ACCOUNT, REGION, "g")
        assert group is not None
        for _ in range(batches):
            events = [(self.clock.now_ms(), text)]
            self.storage.run(lambda: self.core.ingest.append(self.context, group, self.stream_id, events))  # noqa: B023

    async def settle(self, is_done: Callable[[], bool]) -> None:
        for _ in range(10_000):
            if is_done():
                return
            await asyncio.sleep(0)
        raise AssertionError("it did not come to an end")

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            self.storage.run(self._make_group)
            self.delivery.start()
            await self.clock.advance(0)  # what the start itself looks for
            await work()
            await self.delivery.stop()
            self.storage.close()

        asyncio.run(run())


def test_a_filter_that_catches_up_does_not_have_the_others_tried_more_often() -> None:
    delivery = Delivery(["closed", "opens"])
    functions = delivery.functions

    async def work() -> None:
        await delivery.put(2 * SUBSCRIPTION_RETRIES_AT_ONCE + 1)
        functions.open.add("opens")
        await delivery.clock.advance(RETRY_S)
        await delivery.settle(lambda: len(functions.invoked) == 2 * SUBSCRIPTION_RETRIES_AT_ONCE + 1)
        await delivery.clock.advance(RETRY_S)
        functions.asked.clear()
        await delivery.clock.advance(10 * RETRY_S)
        # Each try asks under both names of CloudWatch Logs.
        assert functions.asked == 2 * 10 * ["closed"]

    delivery.run(work)


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), DatabaseBusy()])
def test_retries_that_fail_are_made_after_a_pause(failure: Exception) -> None:
    delivery = Delivery(["f"])

    async def work() -> None:
        await delivery.put(1)
        delivery.functions.open.add("f")
        delivery.functions.failures.append(failure)
        await delivery.clock.advance(RETRY_S)
        assert delivery.functions.invoked == []
        await delivery.clock.advance(PAUSE_AFTER_FAILURE_MS / 1000)
        await delivery.settle(lambda: delivery.functions.invoked == ["f"])

    delivery.run(work)


def test_nothing_waits_for_a_filter_that_is_deleted_while_its_events_are_packed() -> None:
    delivery = Delivery(["f"])

    async def work() -> None:
        delivery.begin_put(1, "x" * (8 * INLINE_WORK_MAX // 16))
        await delivery.clock.advance(0)  # now another thread packs it
        group = delivery.core.groups.find(ACCOUNT, REGION, "g")
        assert group is not None
        delivery.storage.run(lambda: delivery.core.subscriptions.delete(group.id, "f"))
        while delivery.core.subscriptions.find_oldest_batch() is not None:
            await asyncio.sleep(0)
        assert delivery.core.subscriptions.find_next_retried(0, "") is None

    delivery.run(work)
