"""Receives of FIFO queues that may be repeated: the same ReceiveRequestAttemptId brings the same messages again.

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html
"""

from __future__ import annotations

from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import invalid_value
from onebox.services.sqs.limits import RECEIVE_ATTEMPT_MS
from onebox.services.sqs.model import Queue, State, StoredMessage
from onebox.services.sqs.receiving import Received, receive


def receive_attempt(
    core: Core, queue: Queue, attempt_id: str, limit: int, visibility_timeout_ms: int, now_ms: int
) -> Received:
    """Receive messages, or those of the same attempt again, under the same receipts, their timeout started again.

    Raises InvalidParameterValue if one of them was deleted, became visible or was received otherwise in between.
    """
    receipts = core.deduplication.find_attempt(queue.backlog_id, attempt_id, now_ms)
    if receipts:
        messages = _repeat(
            core,
            queue,
            attempt_id=attempt_id,
            receipts=dict(receipts),
            visibility_timeout_ms=visibility_timeout_ms,
            now_ms=now_ms,
        )
        return Received(messages, 0)
    received = receive(core, queue, limit, visibility_timeout_ms, now_ms)
    if received.messages:
        core.deduplication.remember_attempt(
            queue.backlog_id,
            attempt_id,
            [(message.id, message.receive_count + 1) for message in received.messages],
            now_ms + RECEIVE_ATTEMPT_MS,
        )
    return received


def _repeat(
    core: Core,
    queue: Queue,
    attempt_id: str,
    receipts: dict[int, int],
    visibility_timeout_ms: int,
    now_ms: int,
) -> list[StoredMessage]:
    statuses = core.messages.find_statuses(queue.backlog_id, receipts)
    unchanged = len(statuses) == len(receipts) and all(
        s.state == State.IN_FLIGHT and s.due_at_ms > now_ms and s.receive_count == receipts[s.id]
        for s in statuses.values()
    )
    if not unchanged:
        raise invalid_value(
            attempt_id,
            "ReceiveRequestAttemptId",
            "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
        )
    core.messages.set_state(receipts, State.IN_FLIGHT, now_ms + visibility_timeout_ms)
    return [
        # Shown as of the receive that is repeated, which has been counted already.
        message._replace(receive_count=message.receive_count - 1)
        for message in core.messages.find_messages(receipts)
    ]
