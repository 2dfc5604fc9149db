"""A model of OrderQueue, OrderDLQ and Lambda around the real processor, on a clock that no one waits for.

The queue does what SQS documents: receives count, the fourth one moves a message to OrderDLQ, delays and visibility
timeouts end. A crash may end the function at each step of its work; then its batch comes back after the timeout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from orders.domain.order import Order
from orders.errors import OrderUnavailable
from orders.processor.breaker import Breaker
from orders.processor.consume import consume
from orders.processor.give_back import give_back
from orders.processor.next_try import RECEIVES_MAX
from orders.processor.outcomes import Record
from orders.processor.ports import Insertion
from orders.processor.queue_client import Answer, Copy, Shortening
from tests.unit.orders.fakes import FakeClock, FakeOrderStore

VISIBILITY_MS = 180_000
BATCH = 10


class Crash(Exception):
    """The function's process ends here."""


@dataclass
class Message:
    id: str
    body: str
    attributes: dict[str, Any]
    sent_ms: int
    visible_at_ms: float
    receives: int = 0
    first_received_ms: int = 0
    crashes: int = 0

    @property
    def record(self) -> dict[str, Any]:
        return {
            "messageId": self.id,
            "receiptHandle": self.id,
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": str(self.receives),
                "SentTimestamp": str(self.sent_ms),
                "ApproximateFirstReceiveTimestamp": str(self.first_received_ms),
            },
            "messageAttributes": {
                name: {"dataType": value["DataType"], "stringValue": value["StringValue"]}
                for name, value in self.attributes.items()
            },
        }


class OutageStore(FakeOrderStore):
    """A table that takes nothing during the outages, moments of the clock."""

    def __init__(self, clock: FakeClock, outages: Sequence[tuple[float, float]]) -> None:
        super().__init__()
        self._clock = clock
        self.outages = outages

    def insert(self, orders: Sequence[Order]) -> list[Insertion]:
        if any(since <= self._clock.time_ms < until for since, until in self.outages):
            self.calls += 1
            return [OrderUnavailable("503: the table is away", "ServiceUnavailable")] * len(orders)
        return super().insert(orders)


@dataclass
class World:
    """``crash_points`` says for each step of the function, in order, whether the process ends there."""

    outages: Sequence[tuple[float, float]] = ()
    crash_points: Iterator[bool] = field(default_factory=lambda: iter(()))
    queue_is_away: bool = False

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.store = OutageStore(self.clock, self.outages)
        self.breaker = Breaker()
        self.messages: dict[str, Message] = {}
        self.dead: dict[str, Message] = {}
        self.calls = self.sends = self.shortenings = 0
        self._ids = count()

    def send(self, order_id: str) -> None:
        self._add(json.dumps({"orderId": order_id, "timestamp": "2026-05-03T12:00:00Z"}), {}, 0)

    def _add(self, body: str, attributes: dict[str, Any], delay_s: int) -> str:
        message_id = f"m-{next(self._ids)}"
        now_ms = self.clock.now_ms()
        self.messages[message_id] = Message(message_id, body, attributes, now_ms, now_ms + delay_s * 1000)
        return message_id

    # --- RetryQueue -----------------------------------------------------------------------------------------

    def shorten(self, shortenings: Sequence[Shortening]) -> list[Answer]:
        self._step()
        if self.queue_is_away:
            return [Answer(problem="away")] * len(shortenings)
        self.shortenings += 1
        for one in shortenings:
            self.messages[one.receipt_handle].visible_at_ms = self.clock.time_ms + one.pause_s * 1000
        self._step()
        return [Answer()] * len(shortenings)

    def put(self, copies: Sequence[Copy]) -> list[Answer]:
        answers = []
        self.sends += 1
        for copy in copies:
            self._step()
            if self.queue_is_away:
                answers.append(Answer(problem="away"))
            else:
                answers.append(Answer(self._add(copy.body, dict(copy.attributes), copy.delay_s)))
        self._step()
        return answers

    # --- Lambda ---------------------------------------------------------------------------------------------

    def run_until(self, end_ms: float) -> None:
        """Deliver what becomes visible up to a moment."""
        while self.messages:
            next_ms = min(message.visible_at_ms for message in self.messages.values())
            if next_ms > end_ms:
                break
            self.clock.time_ms = max(self.clock.time_ms, next_ms)
            self._call(self._receive())
        self.clock.time_ms = max(self.clock.time_ms, end_ms)

    def _receive(self) -> list[Message]:
        visible = [one for one in self.messages.values() if one.visible_at_ms <= self.clock.time_ms]
        batch: list[Message] = []
        for message in visible:
            if message.receives == RECEIVES_MAX:
                self.dead[message.id] = self.messages.pop(message.id)
            elif len(batch) < BATCH:
                message.receives += 1
                message.first_received_ms = message.first_received_ms or self.clock.now_ms()
                message.visible_at_ms = self.clock.time_ms + VISIBILITY_MS
                batch.append(message)
        return batch

    def _call(self, batch: list[Message]) -> None:
        if not batch:
            return
        self.calls += 1
        crashed = True
        with suppress(Crash):
            records = [message.record for message in batch]
            deadline_ms = self.clock.monotonic_ms() + 4_000
            outcomes = consume(
                [Record(one["messageId"], one["body"]) for one in records],
                self.store,
                self.clock,
                deadline_ms,
                self.breaker,
            )
            self._step()
            next_tries = give_back(records, outcomes, self, self.clock)
            self._step()
            for position, message in enumerate(batch):
                if position not in next_tries or next_tries[position].moved_to:
                    del self.messages[message.id]
            crashed = False
        if crashed:
            self.breaker = Breaker()
            for message in batch:
                message.crashes += 1

    def _step(self) -> None:
        if next(self.crash_points, False):
            raise Crash
