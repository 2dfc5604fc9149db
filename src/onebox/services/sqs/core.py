"""What every part of the service works with: its stores, its watchers, its metrics, its sequence of ids."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.services.context import Deps
from onebox.services.sqs.background_signals import BackgroundSignals
from onebox.services.sqs.looks import Looks
from onebox.services.sqs.metrics import QueueMetrics
from onebox.services.sqs.store.deduplication import DeduplicationStore
from onebox.services.sqs.store.groups import GroupStore
from onebox.services.sqs.store.messages import MessageStore
from onebox.services.sqs.store.move_tasks import MoveTaskStore
from onebox.services.sqs.store.queues import QueueStore
from onebox.services.sqs.store.row_ids import RowIds
from onebox.services.sqs.watchers import Watchers
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
    groups: GroupStore
    deduplication: DeduplicationStore
    move_tasks: MoveTaskStore
    watchers: Watchers
    metrics: QueueMetrics
    background: BackgroundSignals
    looks: Looks


def make_core(deps: Deps) -> Core:
    """The parts, put together."""
    storage = deps.storage
    row_ids = RowIds(storage)
    queues = QueueStore(storage, row_ids)
    messages = MessageStore(storage)

    def find_next_due(queue_arn: str, after_ms: int) -> int | None:
        queue = queues.find_by_arn(queue_arn)
        return None if queue is None else messages.find_next_due(queue.backlog_id, after_ms)

    def has_visible(queue_arn: str) -> bool:
        queue = queues.find_by_arn(queue_arn)
        return queue is None or messages.has_visible(queue.backlog_id, deps.clock.steady_ms())

    return Core(
        storage=storage,
        clock=deps.clock,
        ids=deps.ids,
        row_ids=row_ids,
        queues=queues,
        messages=messages,
        groups=GroupStore(storage),
        deduplication=DeduplicationStore(storage),
        move_tasks=MoveTaskStore(storage),
        watchers=Watchers(deps.clock, find_next_due, has_visible, lambda: storage.group),
        metrics=QueueMetrics(deps.metrics, deps.clock, storage),
        background=BackgroundSignals(),
        looks=Looks(deps.clock),
    )
