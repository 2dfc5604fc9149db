"""Moving a message that failed too often to the dead-letter queue, at the receive that would be one too many.

The message keeps its id, its time of sending and its attributes, and learns where it comes from. AWS does not count
the move as a message sent, and neither do we.
"""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.sqs.core import Core
from onebox.services.sqs.model import MovableMessage, Queue, StoredMessage
from onebox.services.sqs.sending import notify_watchers


def find_dead_letter_queue(core: Core, queue: Queue) -> Queue | None:
    """Where failed messages go; None if there is no such queue any more (then they stay where they are)."""
    return None if queue.redrive is None else core.queues.find_by_arn(queue.redrive.dead_letter_arn)


def move_to_dead_letters(
    core: Core, queue: Queue, target: Queue, messages: Sequence[StoredMessage], now_ms: int
) -> None:
    """Move visible messages; updates both queues' counts; the caller updates the source's message groups."""
    new_ids = core.row_ids.take(len(messages), now_ms)
    for message, new_id in zip(messages, new_ids, strict=True):
        move_message(core, target, message, new_id, now_ms)
        core.messages.move_body_to_dead_letters(message.id, new_id, queue.arn, message.counted_receives)
    core.messages.add_counts(queue.backlog_id, visible=-len(messages))
    core.messages.add_counts(target.backlog_id, visible=len(messages))
    notify_watchers(core, target, new_ids[0], len(messages), None)


def move_message(core: Core, target: Queue, message: StoredMessage | MovableMessage, new_id: int, now_ms: int) -> None:
    """Put a visible message at the end of a queue; its body and the counts are the caller's."""
    core.messages.move(message.id, new_id, target.backlog_id, now_ms)
    if target.is_fifo:
        assert message.group_id is not None, "messages move to FIFO queues from FIFO queues only"
        core.groups.add(target.backlog_id, message.group_id, new_id, is_open=True)
