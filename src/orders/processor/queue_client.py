"""OrderQueue as the function calls it: shorter visibility timeouts, and copies of messages with a delay.

Promises: nothing is raised; an entry whose change is not acknowledged has a reason. After a call without an answer no
further one is made, so that a dead endpoint costs one timeout.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from orders.batches import split_batches
from orders.errors import REASON_MAX
from orders.processor.aws_json_client import AwsJsonClient, Service, Unreachable, read_error

if TYPE_CHECKING:
    from orders.clock import Clock

Item = TypeVar("Item")

SQS = Service("sqs", "AmazonSQS")
ENTRIES_MAX = 10
# A queue may take 1 MiB; every queue takes this.
BATCH_BYTES_MAX = 262_144


class Shortening(NamedTuple):
    """A message in flight, and the seconds after which it becomes visible."""

    receipt_handle: str
    pause_s: int


class Copy(NamedTuple):
    """A message to put into the queue, visible after a delay. Attributes are as SQS takes them."""

    body: str
    delay_s: int
    attributes: Mapping[str, Any]
    system_attributes: Mapping[str, Any] = {}
    group_id: str | None = None

    @property
    def size_bytes(self) -> int:
        attributes = len(json.dumps(self.attributes)) if self.attributes else 0
        return len(self.body.encode("utf-8", "surrogatepass")) + attributes


class Answer(NamedTuple):
    """What came of one entry: the new message's id where one was made, or why it was refused."""

    message_id: str = ""
    problem: str = ""


class QueueClient:
    """OrderQueue."""

    def __init__(self, client: AwsJsonClient, url: str, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._clock = clock

    def limit_wait(self, timeout_s: float) -> None:
        """How long each call may wait for an answer."""
        self._client.limit_wait(timeout_s)

    def shorten(self, shortenings: Sequence[Shortening]) -> list[Answer]:
        """Change visibility timeouts, ten a call. An answer for each, in order."""
        return self._send("ChangeMessageVisibilityBatch", shortenings, _visibility_entry, lambda _: 0)

    def put(self, copies: Sequence[Copy]) -> list[Answer]:
        """Send messages, ten a call. An answer for each, in order."""
        return self._send("SendMessageBatch", copies, _copy_entry, lambda copy: copy.size_bytes)

    def _send(
        self,
        operation: str,
        items: Sequence[Item],
        make_entry: Callable[[Item], dict[str, Any]],
        size_of: Callable[[Item], int],
    ) -> list[Answer]:
        answers: list[Answer] = []
        lost: Answer | None = None
        for batch in split_batches(items, size_of, entries_max=ENTRIES_MAX, bytes_max=BATCH_BYTES_MAX):
            if lost is None:
                entries = [{"Id": str(index), **make_entry(item)} for index, item in enumerate(batch)]
                try:
                    answers += self._call(operation, entries)
                    continue
                except Unreachable as error:
                    lost = Answer(problem=_bounded(f"SQS cannot be reached: {error}"))
            answers += [lost] * len(batch)
        return answers

    def _call(self, operation: str, entries: list[dict[str, Any]]) -> list[Answer]:
        body = json.dumps({"QueueUrl": self._url, "Entries": entries}, separators=(",", ":")).encode()
        status, answer = self._client.call(operation, body, self._clock.now_ms())
        if status != 200:
            code, message, _ = read_error(status, answer)
            return [Answer(problem=_bounded(f"{code}: {message}"))] * len(entries)
        return read_answers(answer, len(entries))


def read_answers(answer: bytes, count: int) -> list[Answer]:
    """What a batch call says of each entry. What is not acknowledged in so many words is not done."""
    answers = [Answer(problem="SQS's answer does not name it")] * count
    try:
        content = json.loads(answer)
        for one in content.get("Successful", ()):
            answers[_position(one, count)] = Answer(str(one.get("MessageId", "")))
        for one in content.get("Failed", ()):
            reason = ": ".join(str(one[name]) for name in ("Code", "Message") if one.get(name))
            answers[_position(one, count)] = Answer(problem=_bounded(reason or "SQS gave no reason"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [Answer(problem="SQS's answer cannot be read")] * count
    return answers


def _position(one: Mapping[str, Any], count: int) -> int:
    position = int(one["Id"])
    if not 0 <= position < count:
        raise ValueError("an id that was not sent")
    return position


def _visibility_entry(one: Shortening) -> dict[str, Any]:
    return {"ReceiptHandle": one.receipt_handle, "VisibilityTimeout": one.pause_s}


def _copy_entry(copy: Copy) -> dict[str, Any]:
    entry: dict[str, Any] = {"MessageBody": copy.body, "DelaySeconds": copy.delay_s}
    if copy.attributes:
        entry["MessageAttributes"] = dict(copy.attributes)
    if copy.system_attributes:
        entry["MessageSystemAttributes"] = dict(copy.system_attributes)
    if copy.group_id is not None:
        entry["MessageGroupId"] = copy.group_id
    return entry


def _bounded(text: str) -> str:
    return text[:REASON_MAX]
