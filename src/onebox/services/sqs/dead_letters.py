"""Moving a message that failed too often to the dead-letter queue, at the receive that would be one too many.

The message keeps its id, its time of sending and its attributes, and learns where it comes from. AWS does not count
the move as a message sent, and neither do we.
"""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.model import Queue, State, StoredMessage
from onebox.services.sqs.sending import notify_watchers


def find_dead_letter_queue(core: Core, queue: Queue) -> Queue | None:
    """Where failed messages go; None if there is no such queue any more (then they stay where they are)."""
    return None if queue.redrive is None else core.queues.find_by_arn(queue.redrive.dead_letter_arn)


def move_to_dead_letters(
    core: Core, queue: Queue, target: Queue, messages: Sequence[StoredMessage], now_ms: int
) -> None:
    """Move visible messages; updates both queues' counts; the caller updates the source's message groups."""
    for message, new_id in zip(messages, core.row_ids.take(len(messages), now_ms), strict=True):
        state = place_state(core, target, message.group_id)
        core.messages.move(message.id, new_id, target.backlog_id, state, now_ms)
        core.messages.move_body_to_dead_letters(message.id, new_id, queue.arn, message.receive_count)
    core.messages.add_counts(queue.backlog_id, visible=-len(messages))
    core.messages.add_counts(target.backlog_id, visible=len(messages))
    notify_watchers(core, target, len(messages), None)


def place_state(core: Core, target: Queue, group_id: str | None) -> State:
    """The state of a message that arrives visible at the end of a queue."""
    if not target.is_fifo:
        return State.READY
    assert group_id is not None, "messages move to FIFO queues from FIFO queues only"
    group_is_empty = not core.messages.find_group(target.backlog_id, group_id, 1)
    return rules.decide_state(target, is_first_of_group=group_is_empty)
