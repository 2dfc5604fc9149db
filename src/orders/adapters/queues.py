"""The queues in SQS, as operators see and mend them.

Promises: looking never loses a message and never hides it for long: what was taken to be looked at is given
back at once, and comes back by itself within LOOK_S should this process die. A message is only deleted after
what replaces it was accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from orders.adapters.aws import Aws, error_code
from orders.errors import OperatorError
from orders.names import DEAD_LETTER_QUEUE, QUEUE
from orders.ports import Clock

LOOK_S = 30
BATCH_MAX = 10
# A queue of several servers may answer empty though it holds messages; so often in a row it is believed.
EMPTY_ANSWERS_MAX = 3
MOVE_POLL_MS = 500.0


class Message(NamedTuple):
    """A message as it was received."""

    message_id: str
    body: str
    receipt_handle: str
    sent_at_ms: int
    receives: int


class QueueCounts(NamedTuple):
    visible: int
    in_flight: int
    delayed: int
    arn: str


class Queue:
    """One queue, by its name."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self._sqs = aws.client("sqs")
        self._url = self._load_url()

    def counts(self) -> QueueCounts:
        """SQS counts approximately."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
            "QueueArn",
        ]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        visible, in_flight, delayed, arn = (attributes[name] for name in names)
        return QueueCounts(int(visible), int(in_flight), int(delayed), arn)

    @contextmanager
    def looking(self, limit: int) -> Iterator[list[Message]]:
        """Up to ``limit`` messages, invisible to others until the block ends; those not deleted are given
        back.
        """
        messages: dict[str, Message] = {}
        try:
            self._take(messages, limit)
            yield list(messages.values())
        finally:
            self._give_back(list(messages.values()))

    def look(self, limit: int) -> list[Message]:
        """Up to ``limit`` messages, already given back."""
        with self.looking(limit) as messages:
            return messages

    def delete(self, message: Message) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt_handle)

    def send(self, body: str) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)

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

        SQS itself does the moving (StartMessageMoveTask), so it goes on if this process ends.
        """
        arn = self.counts().arn
        request = {"SourceArn": arn} | ({"MaxNumberOfMessagesPerSecond": rate} if rate else {})
        self._sqs.start_message_move_task(**request)
        while True:
            task = self._sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]
            moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
            on_progress(moved, int(task.get("ApproximateNumberOfMessagesToMove", moved)))
            if task["Status"] == "FAILED":
                raise OperatorError(f"SQS could not move all messages: {task.get('FailureReason', 'no reason given')}")
            if task["Status"] != "RUNNING":
                return moved
            clock.wait_ms(MOVE_POLL_MS)

    def _take(self, messages: dict[str, Message], limit: int) -> None:
        empty_answers = 0
        while len(messages) < limit and empty_answers < EMPTY_ANSWERS_MAX:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(BATCH_MAX, limit - len(messages)),
                VisibilityTimeout=LOOK_S,
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
            received = answer.get("Messages", [])
            empty_answers = 0 if received else empty_answers + 1
            for one in received:
                attributes = one["Attributes"]
                messages[one["MessageId"]] = Message(
                    one["MessageId"],
                    one["Body"],
                    one["ReceiptHandle"],
                    int(attributes["SentTimestamp"]),
                    int(attributes["ApproximateReceiveCount"]),
                )

    def _give_back(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), BATCH_MAX):
            # One that was deleted meanwhile is answered as failed, which is as it should be.
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": 0}
                    for index, message in enumerate(messages[start : start + BATCH_MAX])
                ],
            )

    def _load_url(self) -> str:
        from botocore.exceptions import ClientError

        try:
            return str(self._sqs.get_queue_url(QueueName=self.name)["QueueUrl"])
        except ClientError as error:
            if "NonExistentQueue" in error_code(error) or "QueueDoesNotExist" in error_code(error):
                raise OperatorError(
                    f"there is no queue {self.name}", "Set the system up with `orders deploy`."
                ) from error
            raise


def order_queue(aws: Aws) -> Queue:
    return Queue(aws, QUEUE)


def dead_letter_queue(aws: Aws) -> Queue:
    return Queue(aws, DEAD_LETTER_QUEUE)
