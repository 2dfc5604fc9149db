"""Delivery rules of SQS: which message may be handed out, which is too old, which has failed too often.

Promises: a message in flight is delivered to no one else before its visibility timeout ends; one that was received
``maxReceiveCount`` times goes to the dead-letter queue instead of being received once more.
Knows nothing of SQL, HTTP or the clock; time comes in as ``now_ms``.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

from enum import Enum

from onebox.services.sqs.errors import InvalidParameterValue, invalid_value
from onebox.services.sqs.limits import (
    ATTRIBUTE_CHANGE_MS,
    CHANGE_BYTES,
    CHANGES_IN_GROUP,
    DEDUPLICATION_MS,
    MOVE_MESSAGES_PER_STEP_MAX,
    RECEIVE_MESSAGES_MAX,
    SECOND_MS,
    VISIBILITY_TIMEOUT_S_MAX,
    WAIT_TIME_S_MAX,
)
from onebox.services.sqs.model import Queue, StoredMessage

# 20 digits, as AWS's sequence numbers have.
_SEQUENCE_BASE = 10**19


class Fate(Enum):
    """What a receive does with a visible message."""

    DELIVER = "deliver"
    EXPIRE = "expire"
    DEAD_LETTER = "dead_letter"


def decide_fate(queue: Queue, message: StoredMessage, now_ms: int) -> Fate:
    """What becomes of a visible message at a receive."""
    if is_expired(queue, message.sent_at_ms, message.arrived_at_ms, now_ms):
        return Fate.EXPIRE
    if queue.redrive is not None:
        receives_here = message.counted_receives - message.receive_count_on_arrival
        if receives_here >= queue.redrive.receive_count_max:
            return Fate.DEAD_LETTER
    return Fate.DELIVER


def is_expired(queue: Queue, sent_at_ms: int, arrived_at_ms: int, now_ms: int) -> bool:
    """Whether the retention period is over. A FIFO message's starts again when it moves to another queue."""
    since_ms = arrived_at_ms if queue.is_fifo else sent_at_ms
    return now_ms - since_ms >= queue.retention_ms


def decide_deduplication_scope(queue: Queue, group_id: str, now_ms: int) -> str:
    """Within what a deduplication id counts: the message group, or (empty) the whole queue.

    For a minute after a change the scope before it stays in force, as on AWS.
    """
    changed_at_ms = queue.scope_changed_at_ms
    is_new = changed_at_ms is not None and now_ms - changed_at_ms < ATTRIBUTE_CHANGE_MS
    return group_id if queue.deduplicates_by_group != is_new else ""


def decide_deduplication_end(now_ms: int) -> int:
    """Until when the same deduplication id is a repetition."""
    return now_ms + DEDUPLICATION_MS


def count_changes(text_bytes: int, *, in_group: bool = False) -> int:
    """What removing or moving a message counts: one, or three with its message group, and one for each 8 KB of its
    text."""
    return (CHANGES_IN_GROUP if in_group else 1) + text_bytes // CHANGE_BYTES


def decide_pace(messages_per_second: int | None) -> tuple[int, int]:
    """How often (ms) and how many messages a move task moves; without a rate, without a pause."""
    if messages_per_second is None:
        return 0, MOVE_MESSAGES_PER_STEP_MAX
    if messages_per_second <= 10:
        return SECOND_MS // messages_per_second, 1
    return 100, max(1, messages_per_second // 10)


def format_sequence_number(message_row_id: int) -> str:
    """A FIFO message's SequenceNumber: 20 digits, growing with the order of sending."""
    return str(_SEQUENCE_BASE + message_row_id)


def check_receive_limit(limit: int) -> None:
    """Check MaxNumberOfMessages. Raises InvalidParameterValue."""
    if not 1 <= limit <= RECEIVE_MESSAGES_MAX:
        raise invalid_value(limit, "MaxNumberOfMessages", f"Must be between 1 and {RECEIVE_MESSAGES_MAX}, if provided.")


def check_wait(wait_s: int) -> None:
    """Check WaitTimeSeconds. Raises InvalidParameterValue."""
    if not 0 <= wait_s <= WAIT_TIME_S_MAX:
        raise invalid_value(wait_s, "WaitTimeSeconds", f"Must be >= 0 and <= {WAIT_TIME_S_MAX}, if provided.")


def check_visibility_timeout(timeout_s: int) -> None:
    """Check VisibilityTimeout. Raises InvalidParameterValue."""
    if not 0 <= timeout_s <= VISIBILITY_TIMEOUT_S_MAX:
        raise invalid_value(
            timeout_s, "VisibilityTimeout", f"Must be between 0 and {VISIBILITY_TIMEOUT_S_MAX}, if provided."
        )


def check_total_visibility(timeout_s: int, received_at_ms: int, now_ms: int) -> None:
    """Check that a message stays invisible for 12 hours at most after its receive. Raises InvalidParameterValue."""
    if now_ms + timeout_s * SECOND_MS - received_at_ms > VISIBILITY_TIMEOUT_S_MAX * SECOND_MS:
        raise invalid_value(
            timeout_s,
            "VisibilityTimeout",
            f"Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY_TIMEOUT_S_MAX} seconds].",
        )


def no_longer_in_flight(handle: str) -> InvalidParameterValue:
    """AWS's words for a visibility change of a message that is gone."""
    return invalid_value(
        handle,
        "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.",
    )


def receipt_expired(handle: str) -> InvalidParameterValue:
    """AWS's words for a FIFO receipt whose visibility timeout has ended."""
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")


def check_attempt_id(attempt_id: str) -> None:
    """Check ReceiveRequestAttemptId. Raises InvalidParameterValue."""
    if not 1 <= len(attempt_id) <= 128 or not all("!" <= character <= "~" for character in attempt_id):
        raise invalid_value(
            attempt_id,
            "ReceiveRequestAttemptId",
            "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )
