"""Storing messages: what SendMessage, SendMessageBatch and deliveries from other services have in common.

Runs inside the caller's transaction; those who wait for the queue are woken after its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.model import Draft, Queue, Sent, State
from onebox.services.sqs.store.messages import NewMessage


def send(core: Core, queue: Queue, drafts: Sequence[Draft], sender_id: str, now_ms: int) -> list[Sent]:
    """Store messages in this order; what each sender is told, in the same order."""
    if queue.is_fifo:
        sent = [_send_fifo(core, queue, draft, sender_id, now_ms) for draft in drafts]
    else:
        sent = _send_standard(core, queue, drafts, sender_id, now_ms)
    core.metrics.sent(queue, [draft.body_bytes for draft in drafts], now_ms)
    return sent


def announce(core: Core, queue: Queue, visible: int, first_due_at_ms: int | None) -> None:
    """Tell those who wait, after the commit: messages are visible, or will be."""
    if core.watchers.is_watched(queue.arn):
        if visible:
            core.storage.after_commit(partial(core.watchers.notify, queue.arn))
        if first_due_at_ms is not None:
            core.storage.after_commit(partial(core.watchers.expect, queue.arn, first_due_at_ms))


def _send_standard(core: Core, queue: Queue, drafts: Sequence[Draft], sender_id: str, now_ms: int) -> list[Sent]:
    new_uuid = core.ids.uuid
    messages = []
    due = []
    for row_id, draft in zip(core.row_ids.take(len(drafts), now_ms), drafts, strict=True):
        if draft.delay_ms:
            due.append(now_ms + draft.delay_ms)
            messages.append(NewMessage(row_id, State.DELAYED, due[-1], new_uuid(), None, draft))
        else:
            messages.append(NewMessage(row_id, State.READY, 0, new_uuid(), None, draft))
    core.messages.insert(queue.backlog_id, messages, sender_id, now_ms, fifo=False)
    visible = len(messages) - len(due)
    core.messages.add_counts(queue.backlog_id, visible=visible, delayed=len(due))
    announce(core, queue, visible, min(due, default=None))
    return [Sent(message.message_id, None) for message in messages]


def _send_fifo(core: Core, queue: Queue, draft: Draft, sender_id: str, now_ms: int) -> Sent:
    """Store one message, unless its deduplication id was used in the last five minutes."""
    assert draft.group_id is not None, "drafts for FIFO queues have a group"
    assert draft.dedup_id is not None, "drafts for FIFO queues have a deduplication id"
    scope = rules.decide_deduplication_scope(queue, draft.group_id)
    earlier = core.deduplication.find(queue.queue_id, scope, draft.dedup_id, now_ms)
    if earlier is not None:
        return earlier
    row_id = core.row_ids.next(now_ms)
    sent = Sent(core.ids.uuid(), rules.format_sequence_number(row_id))
    core.deduplication.remember(queue.queue_id, scope, draft.dedup_id, sent, rules.decide_deduplication_end(now_ms))
    due_at_ms = 0
    if draft.delay_ms:
        state, due_at_ms = State.DELAYED, now_ms + draft.delay_ms
    else:
        group_is_empty = not core.messages.find_group(queue.backlog_id, draft.group_id, 1)
        state = rules.decide_state(queue, is_first_of_group=group_is_empty)
    message = NewMessage(row_id, state, due_at_ms, sent.message_id, sent.sequence_number, draft)
    core.messages.insert(queue.backlog_id, [message], sender_id, now_ms, fifo=True)
    delayed = state is State.DELAYED
    core.messages.add_counts(queue.backlog_id, visible=not delayed, delayed=delayed)
    announce(core, queue, not delayed, due_at_ms or None)
    return sent
