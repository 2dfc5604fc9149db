"""Reads how many orders wait, are in flight, are failing and have failed, from both queues and the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from orders.aws.clients import Aws
from orders.dead_letters.queues import Queue, QueueCounts, dead_letter_queue, order_queue
from orders.errors import OperatorError
from orders.function_log.failing import NOTHING_FAILS, FailingNow
from orders.function_log.reader import FailingReader, FunctionLogs
from orders.monitoring.counts import OrderCounts, count_orders


class Counted(NamedTuple):
    """Both queues at one moment; None for one that does not exist."""

    at_ms: int
    queue: QueueCounts | None
    dead_letters: QueueCounts | None
    failing: FailingNow

    @property
    def counts(self) -> OrderCounts:
        """The orders by where they are."""
        return count_orders(self.queue, self.dead_letters, self.failing, self.at_ms)


class CountReader:
    """Resolves the queues' URLs once, so a live view keeps it."""

    def __init__(self, aws: Aws) -> None:
        self._queue = _find_queue(aws, order_queue)
        self._dead_letters = _find_queue(aws, dead_letter_queue)
        self._failing = FailingReader(FunctionLogs(aws))

    def read(self, now_ms: int) -> Counted:
        """Two calls; a third one while OrderQueue holds messages."""
        queue = self._queue.counts() if self._queue else None
        dead_letters = self._dead_letters.counts() if self._dead_letters else None
        failing = NOTHING_FAILS
        if queue is not None:
            failing = self._failing.read(now_ms, queue.messages, queue.visibility_ms)
        return Counted(now_ms, queue, dead_letters, failing)


def _find_queue(aws: Aws, open_queue: Callable[[Aws], Queue]) -> Queue | None:
    try:
        return open_queue(aws)
    except OperatorError:
        return None
