"""Message move tasks: dead-lettered messages go back to where they failed, or to another queue, at a given rate.

Promises: a task is durable; after a restart it goes on where it stood. A moved message is a new message with the old
content: it has a new id and a new time of sending, as AWS has it. Messages that arrive after the start stay.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from functools import partial

from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.dead_letters import move_message
from onebox.services.sqs.model import MovableMessage, MoveTask, Queue
from onebox.services.sqs.receiving import refresh_groups
from onebox.services.sqs.sending import notify_watchers
from onebox.storage.faults import DatabaseBusy

_PAUSE_AFTER_FAILURE_MS = 60_000
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
NO_SOURCE = "CouldNotDetermineMessageSource"


class Mover:
    """Runs the move tasks, each in steps of its own pace."""

    def __init__(self, core: Core, log: logging.Logger) -> None:
        self._core = core
        self._log = log
        self._timers: dict[str, Timer] = {}
        self._due: deque[str] = deque()
        """The tasks whose next step is due. One step is made at a time, and the next one when it is on disk: messages
        may be large."""
        self._running = False

    def start(self) -> None:
        """Resume the tasks that were running."""
        self._running = True
        for task_id in self._core.move_tasks.list_running():
            self.begin(task_id, 0)

    def stop(self) -> None:
        """Pause all tasks. Idempotent."""
        self._running = False
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._due.clear()

    def begin(self, task_id: str, pause_ms: int) -> None:
        """Make a task's next step after a pause."""
        if self._running:
            at_ms = self._core.clock.steady_ms() + pause_ms
            self._timers[task_id] = self._core.clock.call_at(at_ms, partial(self._fall_due, task_id))

    def _fall_due(self, task_id: str) -> None:
        del self._timers[task_id]
        self._due.append(task_id)
        if len(self._due) == 1:
            self._step()

    def _step(self) -> None:
        """A step of the task that is due first."""
        if not self._due:
            return  # stopped
        task_id = self._due[0]
        pause_ms = self._move_some(task_id)
        self._core.storage.after_commit(partial(self._step_ended, task_id, pause_ms))

    def _step_ended(self, task_id: str, pause_ms: int | None) -> None:
        if not self._due:
            return  # stopped
        self._due.popleft()
        if pause_ms is not None:
            self.begin(task_id, pause_ms)
        if self._due:
            self._step()

    def _move_some(self, task_id: str) -> int | None:
        """The pause before the task's next step, None if there is none."""
        try:
            return self._core.storage.run(partial(move_some, self._core, task_id, self._core.clock.steady_ms()))
        except StorageFault:
            return None  # the engine stops; the task goes on after the restart
        except DatabaseBusy:
            return _PAUSE_AFTER_FAILURE_MS  # said where it was found
        except Exception:  # noqa: BLE001 - a background loop must outlive one failure
            self._log.exception("a step of the message move task %s failed", task_id)
            return _PAUSE_AFTER_FAILURE_MS


def move_some(core: Core, task_id: str, now_ms: int) -> int | None:
    """One step of a task: the pause before the next one in milliseconds, or None if it has ended."""
    task = core.move_tasks.find(task_id)
    if task is None or task.status != "RUNNING":
        return None
    source = core.queues.find_by_arn(task.source_arn)
    if source is None:
        core.move_tasks.end(task_id, "FAILED", NO_QUEUE)
        return None
    pause_ms, limit = rules.decide_pace(task.messages_per_second)
    messages, are_all = core.messages.find_movable(source.backlog_id, task.last_message_id, limit)
    moved, failure = _move_messages(core, task, source, messages, now_ms)
    core.move_tasks.add_moved(task_id, moved)
    if failure is not None:
        core.move_tasks.end(task_id, "FAILED", failure)
        return None
    if are_all:
        core.move_tasks.end(task_id, "COMPLETED")
        return None
    return pause_ms


def _move_messages(
    core: Core, task: MoveTask, source: Queue, messages: list[MovableMessage], now_ms: int
) -> tuple[int, str | None]:
    """How many were moved, and why no more could be."""
    arrived: Counter[str] = Counter()
    first_ids: dict[str, int] = {}
    failure = None
    moved: list[MovableMessage] = []
    for message in messages:
        target_arn = task.destination_arn or message.dead_letter_source_arn
        target = core.queues.find_by_arn(target_arn) if target_arn else None
        if target is None or target.is_fifo != source.is_fifo:
            failure = NO_QUEUE if target_arn else NO_SOURCE
            break
        new_id = _move_message(core, target, message, now_ms)
        first_ids.setdefault(target.arn, new_id)
        arrived[target.arn] += 1
        moved.append(message)
    core.messages.add_counts(source.backlog_id, visible=-len(moved))
    if source.is_fifo:
        refresh_groups(core, source, [message.group_id for message in moved])
    for target_arn, count in arrived.items():
        target = core.queues.find_by_arn(target_arn)
        assert target is not None, "it was there when the messages were moved"
        core.messages.add_counts(target.backlog_id, visible=count)
        notify_watchers(core, target, first_ids[target_arn], count, None)
    return len(moved), failure


def _move_message(core: Core, target: Queue, message: MovableMessage, now_ms: int) -> int:
    """Its new row id."""
    new_id = core.row_ids.next(now_ms)
    sequence_number = rules.format_sequence_number(new_id) if target.is_fifo else None
    move_message(core, target, message, new_id, now_ms)
    core.messages.move_body_as_new(message.id, new_id, core.ids.uuid(), sequence_number, now_ms)
    return new_id
