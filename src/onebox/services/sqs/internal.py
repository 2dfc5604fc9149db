"""What SNS, Lambda and CloudWatch ask of SQS, inside their own transaction.

Every method but ``subscribe`` and ``gauges`` belongs inside a ``storage.run`` of the caller, and is undone with it.
Callers have checked the rights of those they act for; only deliveries ask the queue's policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onebox.arn import find_arn
from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import QueueDoesNotExist
from onebox.services.sqs.expiry import refresh_counts
from onebox.services.sqs.in_flight import delete_received, find_in_flight, release
from onebox.services.sqs.limits import SECOND_MS
from onebox.services.sqs.message_validation import validate_delivery
from onebox.services.sqs.message_view import describe_message
from onebox.services.sqs.model import Delivery, Queue, QueueInfo, ReceivedMessage, ValidMessage
from onebox.services.sqs.queue_access import check_service
from onebox.services.sqs.receipts import Receipt
from onebox.services.sqs.receiving import receive
from onebox.services.sqs.sending import send
from onebox.services.sqs.watchers import Callback, Subscription

__all__ = ["Delivery", "QueueInfo", "Receipt", "ReceivedMessage", "SqsInternal", "Subscription"]

# Who SNS is in the SenderId of what it delivers, as in AWS's published events.
_SENDER_IDS = {"sns.amazonaws.com": "AIDAIT2UOQQY3AUEKVGXU"}


class SqsInternal:
    """Queues, for other services. ARNs name queues of any account and region."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def deliver(
        self, context: RequestContext, queue_arn: str, delivery: Delivery, *, source_service: str, source_arn: str
    ) -> None:
        """As :meth:`deliver_all`, one message; raises what keeps it out."""
        (error,) = self.deliver_all(
            context, queue_arn, [delivery], source_service=source_service, source_arn=source_arn
        )
        if error is not None:
            raise error

    def deliver_all(
        self,
        context: RequestContext,
        queue_arn: str,
        deliveries: Sequence[Delivery],
        *,
        source_service: str,
        source_arn: str,
    ) -> list[AwsError | None]:
        """Store messages as SendMessage would, sent by ``source_service`` (``sns.amazonaws.com``) for ``source_arn``.

        The answer for each, in order: what SendMessage would raise for it, or None if it is stored. Raises
        QueueDoesNotExist or AccessDenied for all of them.
        """
        queue = self._load(queue_arn)
        arn = find_arn(source_arn)
        # Bucket ARNs have no account.
        check_service(queue, source_service, source_arn, (arn and arn.account) or context.account)
        sender_id = _SENDER_IDS.get(source_service, source_service)
        return self._send(context, queue, deliveries, sender_id)

    def send(self, context: RequestContext, queue_arn: str, body: str, attributes: Wire) -> None:
        """Store a message as SendMessage would, sent by the context's principal, whose rights the caller has checked.

        Raises QueueDoesNotExist, or what SendMessage raises.
        """
        delivery = Delivery(body, attributes)
        (error,) = self._send(context, self._load(queue_arn), [delivery], context.principal.user_id)
        if error is not None:
            raise error

    def _send(
        self, context: RequestContext, queue: Queue, deliveries: Sequence[Delivery], sender_id: str
    ) -> list[AwsError | None]:
        # The trace of the request that caused the delivery goes on with the message.
        trace_header = context.headers.get("x-amzn-trace-id")
        messages = [_validate_delivery(queue, delivery, trace_header) for delivery in deliveries]
        valid_messages = [valid for valid in messages if isinstance(valid, ValidMessage)]
        if valid_messages:
            send(self._core, queue, valid_messages, sender_id, self._core.clock.steady_ms())
        return [valid if isinstance(valid, AwsError) else None for valid in messages]

    def find_queue(self, queue_arn: str) -> QueueInfo | None:
        """What there is to know of a queue, or None."""
        queue = self._core.queues.find_by_arn(queue_arn)
        if queue is None:
            return None
        return QueueInfo(
            arn=queue.arn,
            account=queue.account,
            region=queue.region,
            name=queue.name,
            visibility_timeout_s=queue.visibility_timeout_ms // SECOND_MS,
            is_fifo=queue.is_fifo,
            has_redrive_policy=queue.redrive is not None,
        )

    def receive(self, context: RequestContext, queue_arn: str, limit: int) -> tuple[list[ReceivedMessage], bool]:
        """Receive up to ``limit`` messages (more than ten, if asked) for the queue's visibility timeout; and whether
        there may be more, even if none came. If not, those who have subscribed are called when there are.

        Counts a receive, unless the process ends before the caller has said how the attempt ended: :meth:`delete`,
        :meth:`fail_attempt` or :meth:`make_visible`. What failed too often moves to the dead-letter queue. Raises
        QueueDoesNotExist, OverLimit.
        """
        queue = self._load(queue_arn)
        now_ms = self._core.clock.steady_ms()
        messages, left = receive(self._core, queue, limit, queue.visibility_timeout_ms, now_ms, by_mapping=True)
        self._core.metrics.received(queue, len(messages), now_ms)
        wall_of = self._core.clock.wall_of
        return [describe_message(queue, message, now_ms, wall_of) for message in messages], left > 0

    def delete(self, context: RequestContext, queue_arn: str, receipts: Sequence[Receipt]) -> None:
        """Delete messages; messages that are gone and receipts that no longer count are ignored."""
        queue = self._core.queues.find_by_arn(queue_arn)
        if queue is not None:
            delete_received(self._core, queue, _of_queue(queue, receipts), self._core.clock.steady_ms())

    def fail_attempt(self, context: RequestContext, queue_arn: str, receipts: Sequence[Receipt]) -> None:
        """The function was called with these messages and failed: their receives count, whatever becomes of this
        process. They stay invisible until their visibility timeout ends; receipts that no longer count are ignored.
        """
        queue = self._core.queues.find_by_arn(queue_arn)
        if queue is not None:
            held = find_in_flight(self._core, queue, _of_queue(queue, receipts), self._core.clock.steady_ms())
            self._core.messages.end_mapping_receive([status.id for status in held])

    def make_visible(self, context: RequestContext, queue_arn: str, receipts: Sequence[Receipt]) -> None:
        """End the visibility timeout of messages still held under these receipts; other receipts are ignored."""
        queue = self._core.queues.find_by_arn(queue_arn)
        if queue is None:
            return
        held = find_in_flight(self._core, queue, _of_queue(queue, receipts), self._core.clock.steady_ms())
        if held:
            release(self._core, queue, held)

    def subscribe(self, queue_arn: str, callback: Callback) -> Subscription:
        """Have ``callback`` called on the event loop when the queue may have messages to receive."""
        return self._core.watchers.watch(queue_arn, callback)

    def group_of(self, queue_arn: str, receipts: Sequence[Receipt]) -> int:
        """The storage's group with which these messages of a queue that is subscribed to are durable."""
        return self._core.watchers.group_of(queue_arn, max([receipt.id for receipt in receipts]))

    def gauges(self, _now_ms: int) -> Iterator[tuple[str, str, str, dict[str, float]]]:
        """For every queue its account, region, name and the values of AWS/SQS's gauges at this moment."""
        # One queue at a time, so that the reader can let requests be answered in between.
        for queue in self._core.queues.all():
            yield queue.account, queue.region, queue.name, self._gauges_of(queue, self._core.clock.steady_ms())

    def _gauges_of(self, queue: Queue, now_ms: int) -> dict[str, float]:
        counts = self._core.storage.run(lambda: refresh_counts(self._core, queue, now_ms))
        oldest_ms = self._core.messages.find_oldest_arrival(queue.backlog_id)
        return {
            "ApproximateNumberOfMessagesVisible": counts.visible,
            "ApproximateNumberOfMessagesNotVisible": counts.in_flight,
            "ApproximateNumberOfMessagesDelayed": counts.delayed,
            "ApproximateAgeOfOldestMessage": 0 if oldest_ms is None else max(0, now_ms - oldest_ms) // SECOND_MS,
        }

    def _load(self, queue_arn: str) -> Queue:
        queue = self._core.queues.find_by_arn(queue_arn)
        if queue is None:
            raise QueueDoesNotExist
        return queue


def _of_queue(queue: Queue, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Those that this queue has given: another one of the same name may have been before it."""
    return [receipt for receipt in receipts if receipt.queue_id == queue.queue_id]


def _validate_delivery(queue: Queue, delivery: Delivery, trace_header: str | None) -> ValidMessage | AwsError:
    """The message to be stored, or what SendMessage would say against it."""
    try:
        return validate_delivery(queue, delivery, trace_header)
    except AwsError as error:
        return error
