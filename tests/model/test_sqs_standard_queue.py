"""Goal: a standard queue with a dead-letter queue does exactly what a small model says, whatever clients do.

Hypothesis calls the service's operations in any order on a clock moved by hand; the model is a list of messages. After
every step the numbers kept beside the messages must be those found by counting rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from onebox.errors import AwsError
from tests.model.watched_queue import WatchedQueue
from tests.unit.onebox.sqs.harness import arn_of

RECEIVES_MAX = 2
RETENTION_S = 300


@dataclass
class Message:
    body: str
    sent_at_ms: int
    visible_at_ms: int
    receives: int = 0
    was_received: bool = False
    received_at_ms: int = 0
    handles: list[str] = field(default_factory=list)


class StandardQueue(WatchedQueue):
    def __init__(self) -> None:
        super().__init__()
        self.dead_url = self.harness.create_queue("dead", MessageRetentionPeriod="1209600")
        self.url = self.harness.create_queue(
            "queue",
            MessageRetentionPeriod=str(RETENTION_S),
            RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(self.dead_url), "maxReceiveCount": RECEIVES_MAX}),
        )
        self.messages: list[Message] = []
        self.dead: list[str] = []
        self.sent = 0
        self.handles: list[tuple[str, Message]] = []

    @rule(count=st.integers(1, 10), delay_s=st.sampled_from([0, 0, 5, 40]))
    def send(self, count: int, delay_s: int) -> None:
        entries: list[dict[str, Any]] = []
        for _ in range(count):
            body = f"message {self.sent}"
            self.sent += 1
            entries.append({"Id": str(len(entries)), "MessageBody": body, "DelaySeconds": delay_s})
            self.messages.append(Message(body, self.now_ms, self.now_ms + delay_s * 1000))
        answer = self.harness.call("SendMessageBatch", QueueUrl=self.url, Entries=entries)
        assert len(answer["Successful"]) == count

    @rule(limit=st.integers(1, 10), timeout_s=st.sampled_from([0, 10, 30]))
    def receive(self, limit: int, timeout_s: int) -> None:
        expected: list[Message] = []
        for message in list(self.messages):
            if len(expected) == limit:
                break
            if message.visible_at_ms > self.now_ms:
                continue
            if self.now_ms - message.sent_at_ms >= RETENTION_S * 1000:
                self.messages.remove(message)
            elif message.receives >= RECEIVES_MAX:
                self.messages.remove(message)
                self.dead.append(message.body)
            else:
                expected.append(message)
        answer = self.harness.call(
            "ReceiveMessage",
            QueueUrl=self.url,
            MaxNumberOfMessages=limit,
            VisibilityTimeout=timeout_s,
            AttributeNames=["ApproximateReceiveCount"],
        )
        got = answer.get("Messages", [])
        assert [m["Body"] for m in got] == [m.body for m in expected]
        for message, shown in zip(expected, got, strict=True):
            message.receives += 1
            message.visible_at_ms = self.now_ms + timeout_s * 1000
            message.received_at_ms = self.now_ms
            assert shown["Attributes"]["ApproximateReceiveCount"] == str(message.receives)
            assert shown["ReceiptHandle"] not in {handle for handle, _ in self.handles}
            self.handles.append((shown["ReceiptHandle"], message))

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        handle, message = data.draw(st.sampled_from(self.handles))
        self.harness.call("DeleteMessage", QueueUrl=self.url, ReceiptHandle=handle)
        if message in self.messages:
            self.messages.remove(message)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), timeout_s=st.sampled_from([0, 20, 43_200]))
    def change_visibility(self, data: st.DataObject, timeout_s: int) -> None:
        handle, message = data.draw(st.sampled_from(self.handles))
        self.forget_if_gone(message)
        is_there = message in self.messages
        is_allowed = self.now_ms + timeout_s * 1000 - message.received_at_ms <= 43_200_000
        error = self.call_for_error(
            "ChangeMessageVisibility", QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=timeout_s
        )
        assert (error is None) == (is_there and is_allowed)
        if error is None and message.visible_at_ms > self.now_ms:
            message.visible_at_ms = self.now_ms + timeout_s * 1000

    @rule(seconds=st.sampled_from([1, 6, 31, 100]))
    def advance(self, seconds: int) -> None:
        self.harness.advance(seconds)

    @rule()
    def compare_attributes(self) -> None:
        """GetQueueAttributes counts what the model has, apart from visible messages that are too old."""
        for message in list(self.messages):
            self.forget_if_gone(message)
        answer = self.harness.call("GetQueueAttributes", QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        visible = sum(m.visible_at_ms <= self.now_ms for m in self.messages)
        delayed = sum(m.visible_at_ms > self.now_ms and not m.receives for m in self.messages)
        assert answer["ApproximateNumberOfMessages"] == str(visible)
        assert answer["ApproximateNumberOfMessagesDelayed"] == str(delayed)
        in_flight = len(self.messages) - visible - delayed
        assert answer["ApproximateNumberOfMessagesNotVisible"] == str(in_flight)

    def forget_if_gone(self, message: Message) -> None:
        """Nobody sees a visible message again once it is too old."""
        is_gone = message.visible_at_ms <= self.now_ms and self.now_ms - message.sent_at_ms >= RETENTION_S * 1000
        if is_gone and message in self.messages:
            self.messages.remove(message)

    @invariant()
    def counts_are_true(self) -> None:
        for url in (self.url, self.dead_url):
            assert self.harness.stored_counts(url) == self.harness.count_rows(url)

    @invariant()
    def dead_letters_are_those_that_failed(self) -> None:
        rows = self.harness.storage.all(
            "SELECT b.body FROM sqs_body b WHERE b.dead_letter_source_arn = ? ORDER BY id", (arn_of(self.url),)
        )
        assert [row[0] for row in rows] == self.dead

    @invariant()
    def no_body_is_left_alone(self) -> None:
        rows = self.harness.storage.all("SELECT id FROM sqs_body EXCEPT SELECT id FROM sqs_message")
        assert rows == []

    def call_for_error(self, operation: str, **request: Any) -> AwsError | None:
        try:
            self.harness.call(operation, **request)
        except AwsError as error:
            return error
        return None


StandardQueue.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStandardQueue = StandardQueue.TestCase
