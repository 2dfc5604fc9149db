"""What every part of the service works with: its stores, its watchers, its metrics, its sequence of ids."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.services.sqs.metrics import QueueMetrics
from onebox.services.sqs.store.deduplication import DeduplicationStore
from onebox.services.sqs.store.messages import MessageStore
from onebox.services.sqs.store.move_tasks import MoveTaskStore
from onebox.services.sqs.store.queues import QueueStore
from onebox.services.sqs.store.row_ids import RowIds
from onebox.services.sqs.waiting import Watchers
from onebox.storage.database import Storage


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :class:`onebox.services.sqs.service.Sqs`."""

    storage: Storage
    clock: Clock
    ids: Ids
    row_ids: RowIds
    queues: QueueStore
    messages: MessageStore
    deduplication: DeduplicationStore
    move_tasks: MoveTaskStore
    watchers: Watchers
    metrics: QueueMetrics


def make_core(storage: Storage, clock: Clock, ids: Ids, metrics: QueueMetrics) -> Core:
    """The parts, put together."""
    row_ids = RowIds(storage)
    queues = QueueStore(storage, row_ids)
    messages = MessageStore(storage)

    def find_next_due(queue_arn: str, after_ms: int) -> int | None:
        queue = queues.find_by_arn(queue_arn)
        return None if queue is None else messages.find_next_due(queue.backlog_id, after_ms)

    return Core(
        storage=storage,
        clock=clock,
        ids=ids,
        row_ids=row_ids,
        queues=queues,
        messages=messages,
        deduplication=DeduplicationStore(storage),
        move_tasks=MoveTaskStore(storage),
        watchers=Watchers(clock, find_next_due),
        metrics=metrics,
    )
