"""The automatic metrics of SQS that arise request by request. Gauges are :mod:`internal`'s.

What is undone (by a caller that fails later, or with its whole group) is not counted.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.clock import Clock
from onebox.runtime.metrics import MetricBuffer
from onebox.services.sqs.model import Queue
from onebox.storage.database import Storage

NAMESPACE = "AWS/SQS"


class QueueMetrics:
    """Records what happened to a queue's messages, once that is on disk."""

    def __init__(self, buffer: MetricBuffer, clock: Clock, storage: Storage) -> None:
        self._buffer = buffer
        self._clock = clock
        self._after_commit = storage.after_commit

    def sent(self, queue: Queue, sizes: Sequence[int], now_ms: int) -> None:
        """Messages were sent, of these sizes in bytes."""
        self._after_commit(partial(self._add_sent, queue, sizes, now_ms), patient=True)

    def received(self, queue: Queue, count: int, now_ms: int) -> None:
        """A receive returned messages, or none."""
        if count:
            self._count(queue, "NumberOfMessagesReceived", count, now_ms)
        else:
            self._count(queue, "NumberOfEmptyReceives", 1, now_ms)

    def deleted(self, queue: Queue, count: int, now_ms: int) -> None:
        """Messages were deleted with a valid receipt handle."""
        if count:
            self._count(queue, "NumberOfMessagesDeleted", count, now_ms)

    def _count(self, queue: Queue, name: str, count: int, now_ms: int) -> None:
        self._after_commit(partial(self._add, queue, name, count, now_ms), patient=True)

    def _add_sent(self, queue: Queue, sizes: Sequence[int], now_ms: int) -> None:
        self._buffer.add_all(
            account=queue.account,
            region=queue.region,
            namespace=NAMESPACE,
            name="SentMessageSize",
            dimensions=queue.dimensions,
            values=sizes,
            unit="Bytes",
            now_ms=self._clock.wall_of(now_ms),
        )
        self._add(queue, "NumberOfMessagesSent", len(sizes), now_ms)

    def _add(self, queue: Queue, name: str, count: int, now_ms: int) -> None:
        self._buffer.add(
            account=queue.account,
            region=queue.region,
            namespace=NAMESPACE,
            name=name,
            dimensions=queue.dimensions,
            value=count,
            unit="Count",
            now_ms=self._clock.wall_of(now_ms),
        )
