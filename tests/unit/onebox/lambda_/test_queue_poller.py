"""Goal: a function sees a message only when it is on disk, and does not wait for what came later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from onebox.services.lambda_.background.poller_parts import PollerParts
from onebox.services.lambda_.background.queue_poller import QueuePoller
from onebox.services.lambda_.errors import TooManyRequestsException
from onebox.services.lambda_.model import FunctionKey, Mapping
from onebox.services.sqs.model import ReceivedMessage
from onebox.services.sqs.receipts import Receipt
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
CONFIGURATION = {"BatchSize": 1, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}
FUNCTION = SimpleNamespace(key=FunctionKey("000000000000", "us-east-1", "f"), configuration={"Role": "r"})


class Queue:
    """What a poller asks of SQS, over one table."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._groups: dict[int, int] = {}
        self.receives = 0
        self.returned: list[Receipt] = []
        self.removals_left = 0
        """How many receives will only remove messages, and not come to their end."""
        self.tell: Callable[[], None] = lambda: None
        storage.execute("CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT)")

    def send(self, body: str) -> None:
        self._storage.run(lambda: self._storage.execute("INSERT INTO message (body) VALUES (?)", (body,)))
        self._groups[self._storage.last_insert_id()] = self._storage.group

    def receive(self, _context: object, _arn: str, limit: int) -> tuple[list[ReceivedMessage], bool]:
        self.receives += 1
        if self.removals_left:
            self.removals_left -= 1
            return [], True
        rows = self._storage.all(
            "DELETE FROM message WHERE id IN (SELECT id FROM message ORDER BY id LIMIT ?) RETURNING rowid, body",
            (limit,),
        )
        messages = [ReceivedMessage(body, Receipt(1, row_id, 1), body, body, "", {}, {}, None) for row_id, body in rows]
        return messages, bool(self._storage.all("SELECT 1 FROM message LIMIT 1"))

    def delete(self, _context: object, _arn: str, receipts: Sequence[Receipt]) -> None:
        """Received messages are gone already."""

    def make_visible(self, _context: object, _arn: str, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            self._storage.execute("INSERT INTO message (id, body) VALUES (?, 'again')", (receipt.id,))
        self.returned += receipts

    def subscribe(self, _arn: str, callback: Callable[[], None]) -> Any:
        self.tell = callback
        return SimpleNamespace(cancel=lambda: None)

    def group_of(self, _arn: str, receipts: Sequence[Receipt]) -> int:
        return max(self._groups[receipt.id] for receipt in receipts)


class Invoked:
    """Takes invocations, which never end."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.throttles = False

    def has_concurrency(self, _function: object) -> bool:
        return True

    def invoke(self, _function: object, _qualifier: object, event: bytes, _done: object, **_options: object) -> None:
        if self.throttles:
            raise TooManyRequestsException("Rate Exceeded.")
        self.events.append(event)


def make_poller(
    storage: Storage, queue: Queue, invoked: Invoked, clock: ManualClock | None = None, **configuration: Any
) -> QueuePoller:
    clock = clock or ManualClock()
    parts = SimpleNamespace(
        deps=SimpleNamespace(storage=storage, clock=clock, ids=SimpleNamespace(uuid=lambda: "id")),
        sqs=queue,
        iam=SimpleNamespace(check=lambda *_: SimpleNamespace(allowed=True)),
        invoker=invoked,
        pool=SimpleNamespace(workers_of=lambda _: 5, warm_up=lambda _: None),
        resolve=lambda _: FUNCTION,
        endpoint_url=lambda: "",
    )
    mapping = Mapping("id", FUNCTION.key, None, QUEUE, True, CONFIGURATION | configuration, clock.now_ms())
    return QueuePoller(mapping, cast("PollerParts", parts))


def test_a_message_that_is_not_on_disk_waits_and_one_that_is_does_not() -> None:
    async def work() -> None:
        storage = Storage(open_connection(None), lambda _: None)
        queue, invoked = Queue(storage), Invoked()
        poller = make_poller(storage, queue, invoked)
        queue.send("first")
        poller.start()
        assert invoked.events == [], "its group is open"
        await storage.durable()
        assert [b"first" in event for event in invoked.events] == [True]
        queue.send("second")
        await storage.durable()
        storage.run(lambda: storage.execute("CREATE TABLE other (n)"))
        queue.tell()
        assert len(invoked.events) == 2, "it waited for a group that came later"
        await storage.durable()

    asyncio.run(work())


def test_a_queue_that_holds_nothing_is_asked_again_when_it_tells() -> None:
    async def work() -> None:
        storage = Storage(open_connection(None), lambda _: None)
        queue, invoked = Queue(storage), Invoked()
        poller = make_poller(storage, queue, invoked)
        poller.start()
        for _ in range(3):
            poller.poll()
        assert queue.receives == 1
        queue.send("first")
        await storage.durable()
        queue.tell()
        assert (queue.receives, len(invoked.events)) == (2, 1)
        await storage.durable()

    asyncio.run(work())


def test_a_receive_that_only_removed_messages_is_followed_by_another_and_others_have_their_turn_in_between() -> None:
    async def work() -> None:
        storage, clock = Storage(open_connection(None), lambda _: None), ManualClock()
        queue, invoked = Queue(storage), Invoked()
        poller = make_poller(storage, queue, invoked, clock)
        queue.send("behind")
        queue.removals_left = 2
        poller.start()
        await storage.durable()
        assert (queue.receives, invoked.events) == (1, [])
        await clock.advance(1)
        await storage.durable()
        assert (queue.receives, len(invoked.events)) == (3, 1)

    asyncio.run(work())


def test_a_batch_that_the_filter_left_incomplete_is_completed_from_the_queue_before_its_window_ends() -> None:
    async def work() -> None:
        storage = Storage(open_connection(None), lambda _: None)
        queue, invoked = Queue(storage), Invoked()
        wanted = {"Filters": [{"Pattern": '{"body": [{"prefix": "wanted"}]}'}]}
        poller = make_poller(
            storage, queue, invoked, BatchSize=2, MaximumBatchingWindowInSeconds=300, FilterCriteria=wanted
        )
        for body in ("wanted 1", "not 1", "not 2", "not 3", "wanted 2"):
            queue.send(body)
        await storage.durable()
        poller.start()
        await storage.durable()
        (event,) = invoked.events
        assert (b"wanted 1" in event, b"wanted 2" in event, b"not" in event) == (True, True, False)

    asyncio.run(work())


def test_a_batch_that_is_throttled_is_tried_again_after_a_pause_and_not_before() -> None:
    async def work() -> None:
        storage, clock = Storage(open_connection(None), lambda _: None), ManualClock()
        queue, invoked = Queue(storage), Invoked()
        poller = make_poller(storage, queue, invoked, clock)
        invoked.throttles = True
        for body in ("first", "second"):
            queue.send(body)
        await storage.durable()
        poller.start()
        assert (queue.receives, len(queue.returned)) == (1, 1)
        invoked.throttles = False
        await clock.advance(0.1)
        await storage.durable()
        assert len(invoked.events) == 2

    asyncio.run(work())
