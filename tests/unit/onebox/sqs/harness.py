"""The SQS service by itself: in-memory storage, a clock moved by hand, ids from a seed, and a loop of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps, Principal, RequestContext, Wire
from onebox.services.registry import BoundWaitingOperation, Waiting
from onebox.services.sqs.model import ReceivedMessage
from onebox.services.sqs.service import Sqs
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock

T = TypeVar("T")
ACCOUNT = "000000000000"
REGION = "us-east-1"


class SqsHarness:
    """Calls operations as the pipeline would, without sockets."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.connection = open_connection(None)
        migrate(self.connection)
        self.storage = Storage(self.connection, on_fault=self._fail)
        self.metrics = MetricBuffer()
        log = logging.getLogger("onebox.test")
        self.sqs = Sqs(Deps(self.storage, self.clock, RandomIds(seed=7), self.metrics, log))
        self.run(self.sqs.start())

    def close(self) -> None:
        """Stop the service and give everything back."""
        self.run(self.sqs.stop())
        self.storage.close()
        self.loop.close()

    def close_service(self) -> None:
        """Stop the service and let its waiters end."""
        self.run(self.sqs.stop())
        self.advance(0)

    def run(self, work: Awaitable[T]) -> T:
        """Run a coroutine or a task to its end."""
        return self.loop.run_until_complete(work)

    def advance(self, seconds: float) -> None:
        """Move time."""
        self.run(self.clock.advance(seconds))

    def call(self, operation: str, **request: Any) -> Wire:
        """Call an operation; durable when it returns. Raises its AwsError."""
        return self.run(self.begin(operation, **request))

    async def begin(self, operation: str, **request: Any) -> Wire:
        """The same as a coroutine, to be left waiting."""
        entry = self.sqs.operations[operation]
        context = self.context()
        if isinstance(entry, BoundWaitingOperation):
            return await entry.run(context, request)
        run = entry.run
        answer = await self.storage.write(lambda: run(context, request))
        return await answer.wait() if isinstance(answer, Waiting) else answer

    def inside(self, job: Callable[[RequestContext], T]) -> T:
        """Run a job of another service that uses ``sqs.internal``, and commit it."""

        async def write() -> T:
            return await self.storage.write(lambda: job(self.context()))

        return self.run(write())

    def receive_inside(self, url: str, limit: int) -> list[ReceivedMessage]:
        """What another service receives."""
        messages, _ = self.inside(lambda context: self.sqs.internal.receive(context, arn_of(url), limit))
        return messages

    def context(self) -> RequestContext:
        """A request of the root of the account, now."""
        principal = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        return RequestContext(ACCOUNT, REGION, principal, self.clock.now_ms(), "request", "http://onebox.test")

    def create_queue(self, name: str, **attributes: str) -> str:
        """Make a queue; its URL."""
        url: str = self.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def count_rows(self, queue_url: str) -> tuple[int, int, int]:
        """Visible, in-flight and delayed messages, counted row by row instead of believed."""
        queue = self.sqs.core.queues.find(ACCOUNT, REGION, queue_url.rsplit("/", 1)[1])
        assert queue is not None
        rows = self.storage.all(
            "SELECT state, count(*) FROM sqs_message WHERE backlog_id = ? GROUP BY state", (queue.backlog_id,)
        )
        states: dict[int, int] = {int(state): int(count) for state, count in rows}
        return states.get(0, 0) + states.get(1, 0), states.get(2, 0), states.get(3, 0)

    def stored_counts(self, queue_url: str) -> tuple[int, int, int]:
        """The same numbers as the backlog's row has them."""
        queue = self.sqs.core.queues.find(ACCOUNT, REGION, queue_url.rsplit("/", 1)[1])
        assert queue is not None
        counts = self.sqs.core.messages.load_counts(queue.backlog_id)
        return counts.visible, counts.in_flight, counts.delayed

    def _fail(self, fault: Exception) -> None:
        raise AssertionError(f"storage failed: {fault}")


def arn_of(queue_url: str) -> str:
    """The ARN of a queue of the harness."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue_url.rsplit('/', 1)[1]}"
