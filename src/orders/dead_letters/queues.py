"""The AWS adapter of the queues in SQS: OrderQueue and OrderDLQ.

Promises: reading never loses a message. Messages that were read are released at once, or become visible after PEEK_S if
this process dies. Inspecting a message does not use up a delivery attempt: OrderDLQ has no redrive policy, and an order
that is sent back is a new message with all its attempts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from orders.aws.clients import Aws, error_code
from orders.clock import Clock
from orders.dead_letters.messages import BatchError, OutgoingMessage, QueueMessage
from orders.errors import MISSING_PART_ADVICE, OperatorError
from orders.processor.give_back import TRACE_HEADER

PEEK_S = 30
BATCH_MAX = 10
# A queue of several servers may answer empty though it holds messages; so often in a row it is believed.
EMPTY_ANSWERS_MAX = 3
MOVE_POLL_MS = 500.0


class MoveFailed(OperatorError):
    """SQS gave up moving messages, as it does for those that were sent straight to the dead-letter queue."""


class QueueCounts(NamedTuple):
    visible: int
    in_flight: int
    delayed: int
    arn: str
    visibility_ms: int = 180_000
    """The queue's visibility timeout."""

    @property
    def messages(self) -> int:
        return self.visible + self.in_flight + self.delayed


class Queue:
    """One queue, by its name."""

    def __init__(self, aws: Aws, name: str, on_accepted: Callable[[str], None] = lambda _: None) -> None:
        """``on_accepted`` gets the id of each message that SQS acknowledged."""
        self.name = name
        self._on_accepted = on_accepted
        self._sqs = aws.client("sqs")
        self._url = self._load_url()
        self._deleted: set[str] = set()

    def counts(self) -> QueueCounts:
        """SQS counts approximately."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
            "QueueArn",
            "VisibilityTimeout",
        ]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        visible, in_flight, delayed, arn, visibility_s = (attributes[name] for name in names)
        return QueueCounts(int(visible), int(in_flight), int(delayed), arn, int(visibility_s) * 1000)

    @contextmanager
    def taking(self, limit: int | None = None) -> Iterator[Iterator[QueueMessage]]:
        """Messages one after the other, each once, ``limit`` at most, hidden from others for as long as the block
        lasts, PEEK_S at most. Those not deleted are given back at its end.
        """
        handles: dict[str, str] = {}
        try:
            yield self._take(handles, limit)
        finally:
            self._give_back([handle for message_id, handle in handles.items() if message_id not in self._deleted])

    def peek(self, limit: int | None = None) -> list[QueueMessage]:
        """``limit`` messages at most, already given back."""
        with self.taking(limit) as messages:
            return list(messages)

    def delete(self, messages: Sequence[QueueMessage]) -> list[BatchError | None]:
        """BATCH_MAX at most; for each, in order, None if it is gone, or why it is not."""
        entries = [{"Id": str(index), "ReceiptHandle": one.receipt_handle} for index, one in enumerate(messages)]
        answers = _answers(len(messages), self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries))
        self._deleted.update(
            message.message_id for message, error in zip(messages, answers, strict=True) if error is None
        )
        return answers

    def send(self, messages: Sequence[OutgoingMessage]) -> list[BatchError | None]:
        """BATCH_MAX at most; for each, in order, None once SQS has acknowledged it, or why it has not."""
        entries = [{"Id": str(index), **_make_entry(one)} for index, one in enumerate(messages)]
        answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        for accepted in answer.get("Successful", []):
            self._on_accepted(accepted["MessageId"])
        return _answers(len(messages), answer)

    def purge(self) -> None:
        """Delete all messages; SQS allows it once a minute."""
        from botocore.exceptions import ClientError

        try:
            self._sqs.purge_queue(QueueUrl=self._url)
        except ClientError as error:
            if "PurgeQueueInProgress" in error_code(error):
                raise OperatorError(
                    f"{self.name} was purged within the last minute", "Try again in a minute."
                ) from error
            raise

    def move_all(self, rate: int | None, clock: Clock, on_progress: Callable[[int, int], None]) -> int:
        """Move every message back to the queue that it came from; the number that was moved.

        SQS itself does the moving (StartMessageMoveTask), so it goes on if this process ends. A task that runs
        already is followed to its end, at its own rate.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
        """
        arn = self.counts().arn
        task = self._find_move_task(arn)
        if task is None or task["Status"] != "RUNNING":
            request = {"SourceArn": arn} | ({"MaxNumberOfMessagesPerSecond": rate} if rate else {})
            self._sqs.start_message_move_task(**request)
        while True:
            task = self._find_move_task(arn) or {"Status": "RUNNING"}
            moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
            on_progress(moved, int(task.get("ApproximateNumberOfMessagesToMove", moved)))
            if task["Status"] == "FAILED":
                raise MoveFailed(
                    f"SQS could not move all messages: {task.get('FailureReason', 'no reason given')}",
                    "`orders dlq redrive --reason ''` sends all of them itself, in batches.",
                )
            if task["Status"] not in ("RUNNING", "CANCELLING"):
                return moved
            clock.wait_ms(MOVE_POLL_MS)

    def stop_moving(self) -> None:
        """Stop the move that SQS makes, if it makes one; what it moved stays moved.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
        """
        task = self._find_move_task(self.counts().arn)
        if task is not None and task["Status"] == "RUNNING":
            self._sqs.cancel_message_move_task(TaskHandle=task["TaskHandle"])

    def _find_move_task(self, arn: str) -> dict[str, Any] | None:
        """The latest one."""
        tasks = self._sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"]
        return tasks[0] if tasks else None

    def _take(self, handles: dict[str, str], limit: int | None) -> Iterator[QueueMessage]:
        """Receive until the queue is believed to hold nothing new.

        A queue that takes longer than PEEK_S to go through brings messages again, and may bring all of them again
        before the next new one.
        """
        empty_answers = known_answers = 0
        while limit is None or len(handles) < limit:
            received = self._receive(BATCH_MAX if limit is None else min(BATCH_MAX, limit - len(handles)))
            new = [message for message in received if message.message_id not in handles]
            handles.update((message.message_id, message.receipt_handle) for message in received)
            yield from new
            empty_answers = 0 if received else empty_answers + 1
            known_answers = 0 if new else known_answers + 1
            if empty_answers == EMPTY_ANSWERS_MAX or known_answers > EMPTY_ANSWERS_MAX + len(handles) // BATCH_MAX:
                return

    def _receive(self, limit: int) -> list[QueueMessage]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=limit,
            VisibilityTimeout=PEEK_S,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount", "MessageGroupId", TRACE_HEADER],
            MessageAttributeNames=["All"],
        )
        return [_make_message(one) for one in answer.get("Messages", [])]

    def _give_back(self, handles: list[str]) -> None:
        for start in range(0, len(handles), BATCH_MAX):
            # One that others deleted meanwhile is answered as failed, which is as it should be.
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for index, handle in enumerate(handles[start : start + BATCH_MAX])
                ],
            )

    def _load_url(self) -> str:
        from botocore.exceptions import ClientError

        try:
            return str(self._sqs.get_queue_url(QueueName=self.name)["QueueUrl"])
        except ClientError as error:
            if "NonExistentQueue" in error_code(error) or "QueueDoesNotExist" in error_code(error):
                raise OperatorError(f"there is no queue {self.name}", MISSING_PART_ADVICE) from error
            raise


def _make_message(received: dict[str, Any]) -> QueueMessage:
    attributes = received["Attributes"]
    return QueueMessage(
        message_id=received["MessageId"],
        body=received["Body"],
        receipt_handle=received["ReceiptHandle"],
        sent_at_ms=int(attributes["SentTimestamp"]),
        receives=int(attributes["ApproximateReceiveCount"]),
        # What a caller sends is stricter than what it is answered: only these members may be sent on.
        attributes={
            name: {member: value[member] for member in ("DataType", "StringValue", "BinaryValue") if member in value}
            for name, value in received.get("MessageAttributes", {}).items()
        },
        group=attributes.get("MessageGroupId"),
        trace_header=attributes.get(TRACE_HEADER),
    )


def _make_entry(message: OutgoingMessage) -> dict[str, Any]:
    entry: dict[str, Any] = {"MessageBody": message.body, "MessageAttributes": dict(message.attributes)}
    if message.group is not None:
        entry["MessageGroupId"] = message.group
    if message.trace_header is not None:
        traced = {"DataType": "String", "StringValue": message.trace_header}
        entry["MessageSystemAttributes"] = {TRACE_HEADER: traced}
    return entry


def _answers(count: int, answer: Mapping[str, Any]) -> list[BatchError | None]:
    """What a batch call says of each of its entries, whose ids are their positions."""
    answers: list[BatchError | None] = [None] * count
    for failed in answer.get("Failed", []):
        reason = ": ".join(filter(None, (failed["Code"], failed.get("Message"))))
        answers[int(failed["Id"])] = BatchError(reason, retryable=not failed["SenderFault"])
    return answers


def order_queue(aws: Aws, on_accepted: Callable[[str], None] = lambda _: None) -> Queue:
    return Queue(aws, aws.names.queue, on_accepted)


def dead_letter_queue(aws: Aws) -> Queue:
    return Queue(aws, aws.names.dead_letter_queue)
