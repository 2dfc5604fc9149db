"""Sending failed orders back to OrderQueue, or deleting them.

Promises: an order leaves OrderDLQ only after OrderQueue has acknowledged its successor. A crash may leave a duplicate,
never a loss, and a duplicate is harmless.
Knows nothing of SQS: the queues are ports (messages.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from orders.batches import split_batches
from orders.dead_letters.messages import (
    BATCH_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    BatchError,
    OutgoingMessage,
    QueueMessage,
    Source,
    Target,
)
from orders.domain.claims import SIZE_ATTRIBUTE
from orders.domain.trace_context import TRACEPARENT
from orders.processor.give_back import ATTRIBUTES_MAX
from orders.processor.next_try import MARK_NAME
from orders.processor.tracing import find_traceparent
from orders.rate_limit import RateLimiter

# How often one message of a batch is sent or deleted while the queue fails.
ATTEMPTS_MAX = 3


def send_back(
    source: Source,
    target: Target,
    message_ids: Collection[str],
    *,
    edited: Mapping[str, str] | None = None,
    limiter: RateLimiter | None = None,
    on_sent: Callable[[int], None] = lambda _: None,
    on_problem: Callable[[str, str], None] = lambda _id, _reason: None,
) -> list[str]:
    """Send messages to another queue in batches, each unchanged or with its edited body. Returns the ids of those sent.

    Each is deleted only after the target has acknowledged its successor; ``on_sent`` gets the number sent so far.
    ``on_problem`` gets id and reason of a message that the target refused, or that was sent and not deleted. A
    message that is gone or hidden is skipped. An error of a whole call is raised: then messages sent
    before are deleted, except perhaps the last batch, and the others are still in the source.
    """

    def draft(message: QueueMessage) -> OutgoingMessage:
        # It starts from the beginning: how long its predecessors waited for the table says nothing of it.
        attributes = {name: value for name, value in message.attributes.items() if name != MARK_NAME}
        body = (edited or {}).get(message.message_id, message.body)
        if body is not message.body:
            attributes.pop(SIZE_ATTRIBUTE, None)  # of the order that was edited
        if body is not message.body and len(attributes) < ATTRIBUTES_MAX:
            # The edited order comes without the envelope that held the trace it belongs to.
            traceparent = find_traceparent(message.body)
            if traceparent is not None:
                attributes.setdefault(TRACEPARENT, {"DataType": "String", "StringValue": traceparent})
        return OutgoingMessage(body, attributes, message.group, message.trace_header)

    sent: list[str] = []
    entries_max = BATCH_ENTRIES_MAX if limiter is None else limiter.batch_size(BATCH_ENTRIES_MAX)
    for taken in _take(source, message_ids):
        for batch in split_batches(
            taken, lambda message: draft(message).size_bytes, entries_max=entries_max, bytes_max=BATCH_BYTES_MAX
        ):
            if limiter is not None:
                limiter.wait(len(batch))
            acknowledged, refused = retry_batch(lambda some: target.send([draft(one) for one in some]), batch)
            # Only now: died in between, these are there twice, which is harmless.
            _, kept = retry_batch(source.delete, acknowledged)
            sent += [message.message_id for message in acknowledged]
            on_sent(len(sent))
            for message, reason in refused:
                on_problem(message.message_id, f"not sent back: {reason}")
            for message, reason in kept:
                on_problem(message.message_id, f"sent back, but not removed: {reason}")
    return sent


def delete_chosen(
    source: Source,
    message_ids: Collection[str],
    *,
    on_problem: Callable[[str, str], None] = lambda _id, _reason: None,
) -> int:
    """Delete messages for good; how many. ``on_problem`` hears, by message id and reason, of those that stayed."""
    deleted = 0
    for taken in _take(source, message_ids):
        gone, kept = retry_batch(source.delete, taken)
        deleted += len(gone)
        for message, reason in kept:
            on_problem(message.message_id, f"not deleted: {reason}")
    return deleted


def _take(source: Source, message_ids: Collection[str]) -> Iterator[list[QueueMessage]]:
    """The wanted ones of each BATCH_ENTRIES_MAX messages, so that none is held back until a batch is full."""
    left = set(message_ids)
    with source.taking() as messages:
        while left and (seen := list(islice(_until_found(messages, left), BATCH_ENTRIES_MAX))):
            if wanted := [message for message, is_wanted in seen if is_wanted]:
                yield wanted


def _until_found(messages: Iterator[QueueMessage], left: set[str]) -> Iterator[tuple[QueueMessage, bool]]:
    """Each message, and whether it is wanted, up to the last wanted one."""
    while left:
        message = next(messages, None)
        if message is None:
            return
        is_wanted = message.message_id in left
        left.discard(message.message_id)
        yield message, is_wanted


def retry_batch(
    call: Callable[[Sequence[QueueMessage]], list[BatchError | None]], messages: Sequence[QueueMessage]
) -> tuple[list[QueueMessage], list[tuple[QueueMessage, str]]]:
    """Call with all, then with those that failed through the queue's fault: those done, and those not, with why."""
    done: list[QueueMessage] = []
    permanent: list[tuple[QueueMessage, str]] = []
    pending: list[tuple[QueueMessage, str]] = [(message, "") for message in messages]
    for _ in range(ATTEMPTS_MAX):
        if not pending:
            break
        asked = [message for message, _ in pending]
        pending = []
        for message, error in zip(asked, call(asked), strict=True):
            if error is None:
                done.append(message)
            else:
                (pending if error.retryable else permanent).append((message, error.reason))
    return done, permanent + pending
