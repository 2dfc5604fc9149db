"""Storing messages: what SendMessage, SendMessageBatch and deliveries from other services have in common.

Runs inside the caller's transaction; those who wait for the queue are woken after its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.model import Queue, Sent, StoredMessage, ValidMessage


def send(core: Core, queue: Queue, messages: Sequence[ValidMessage], sender_id: str, now_ms: int) -> list[Sent]:
    """Store messages in this order; each sender's answer, in the same order."""
    if queue.is_fifo:
        sent = [_send_fifo(core, queue, valid, sender_id, now_ms) for valid in messages]
    else:
        sent = _send_standard(core, queue, messages, sender_id, now_ms)
    core.metrics.sent(queue, [valid.body_bytes for valid in messages], now_ms)
    return sent


def notify_watchers(core: Core, queue: Queue, first_id: int, visible: int, first_due_at_ms: int | None) -> None:
    """Tell those who wait, after the commit: messages, from the row id ``first_id`` on, are visible, or will be."""
    if core.watchers.is_watched(queue.arn):
        core.watchers.brought(queue.arn, first_id)
        if visible:
            core.storage.after_commit(partial(core.watchers.tell, queue.arn, core.storage.group))
        if first_due_at_ms is not None:
            core.storage.after_commit(partial(core.watchers.expect, queue.arn, first_due_at_ms))


def _send_standard(
    core: Core, queue: Queue, messages: Sequence[ValidMessage], sender_id: str, now_ms: int
) -> list[Sent]:
    row_ids = core.row_ids.take(len(messages), now_ms)
    sent = [Sent(core.ids.uuid(), None) for _ in messages]
    stored = [
        _as_stored(valid, row_id, one, sender_id, now_ms)
        for row_id, one, valid in zip(row_ids, sent, messages, strict=True)
    ]
    due_at_ms = [valid.delay_ms and now_ms + valid.delay_ms for valid in messages]
    awaited = core.watchers.is_watched(queue.arn)
    core.messages.insert(queue.backlog_id, stored, due_at_ms, fifo=False, awaited=awaited)
    delayed = [due for due in due_at_ms if due]
    visible = len(messages) - len(delayed)
    core.messages.add_counts(queue.backlog_id, visible=visible, delayed=len(delayed))
    notify_watchers(core, queue, row_ids[0], visible, min(delayed, default=None))
    return sent


def _send_fifo(core: Core, queue: Queue, valid: ValidMessage, sender_id: str, now_ms: int) -> Sent:
    """Store one message, unless its deduplication id was used in the last five minutes."""
    assert valid.group_id is not None, "messages for FIFO queues have a group"
    assert valid.dedup_id is not None, "messages for FIFO queues have a deduplication id"
    scope = rules.decide_deduplication_scope(queue, valid.group_id, now_ms)
    earlier = core.deduplication.find(queue.backlog_id, scope, valid.dedup_id, now_ms)
    if earlier is not None:
        return earlier
    row_id = core.row_ids.next(now_ms)
    sent = Sent(core.ids.uuid(), rules.format_sequence_number(row_id))
    core.deduplication.remember(queue.backlog_id, scope, valid.dedup_id, sent, rules.decide_deduplication_end(now_ms))
    due_at_ms = valid.delay_ms and now_ms + valid.delay_ms
    stored = _as_stored(valid, row_id, sent, sender_id, now_ms)
    awaited = core.watchers.is_watched(queue.arn)
    core.messages.insert(queue.backlog_id, [stored], [due_at_ms], fifo=True, awaited=awaited)
    delayed = due_at_ms > 0
    core.groups.add(queue.backlog_id, valid.group_id, row_id, is_open=not delayed)
    core.messages.add_counts(queue.backlog_id, visible=not delayed, delayed=delayed)
    notify_watchers(core, queue, row_id, not delayed, due_at_ms or None)
    return sent


def _as_stored(valid: ValidMessage, row_id: int, sent: Sent, sender_id: str, now_ms: int) -> StoredMessage:
    """A message to which nothing has happened yet."""
    return StoredMessage(
        id=row_id,
        receive_count=0,
        uncounted_receives=0,
        first_received_at_ms=None,
        message_id=sent.message_id,
        body_md5=valid.body_md5,
        sent_at_ms=now_ms,
        sender_id=sender_id,
        attributes=valid.attributes,
        attributes_md5=valid.attributes_md5,
        trace_header=valid.trace_header,
        group_id=valid.group_id,
        dedup_id=valid.dedup_id,
        sequence_number=sent.sequence_number,
        dead_letter_source_arn=None,
        receive_count_on_arrival=0,
        arrived_at_ms=now_ms,
        body=valid.body,
    )
