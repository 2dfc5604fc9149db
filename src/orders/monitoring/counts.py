"""How many orders wait, are being processed, are failing and have failed, at one moment. Pure.

One value for all views. Every message of OrderQueue is in exactly one of the first three, and SQS's counts are the
whole: an order that is failing is not counted as in flight a second time.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.dead_letters.queues import QueueCounts
from orders.function_log.failing import FailingNow


class OrderCounts(NamedTuple):
    """Orders by where they are. SQS counts approximately."""

    at_ms: int
    """As of when."""
    waiting: int
    """In OrderQueue, for OrderProcessor to take them."""
    in_flight: int
    """Being processed now, or held by a call that ended without an answer."""
    failing: int
    """Not stored by their last try; another try comes."""
    failed: int
    """In OrderDLQ."""

    @property
    def in_queue(self) -> str:
        """Those of OrderQueue, in words."""
        failing = f", {self.failing:,} failing" if self.failing else ""
        return f"{self.waiting:,} waiting, {self.in_flight:,} in flight{failing}"


def count_orders(
    queue: QueueCounts | None, dead_letters: QueueCounts | None, failing: FailingNow, at_ms: int
) -> OrderCounts:
    """The counts, 0 where a queue does not exist."""
    failed = 0 if dead_letters is None else dead_letters.messages
    if queue is None:
        return OrderCounts(at_ms, 0, 0, 0, failed)
    hidden = queue.in_flight + queue.delayed
    count = min(len(failing.orders), queue.messages)
    # What waits for its next try is hidden; what is due is visible, or in flight by now.
    resting = min(count, hidden, sum(order.next_at_ms > at_ms for order in failing.orders))
    from_visible = min(count - resting, queue.visible)
    return OrderCounts(
        at_ms=at_ms,
        waiting=queue.visible - from_visible,
        in_flight=hidden - (count - from_visible),
        failing=count,
        failed=failed,
    )
