"""Goal: a FIFO queue keeps the order of every message group and hands nothing out twice, whatever clients do.

The model is a list of messages, and a place in a queue of groups for each group. A group is open if its first message
is visible. Each receive takes what fits from the first open group, up to a message that is not visible, then from the
next, and sends these groups to the end of their queue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from onebox.services.sqs.errors import InvalidParameterValue
from tests.model.watched_queue import WatchedQueue
from tests.unit.onebox.sqs.harness import arn_of

RECEIVES_MAX = 3
DEDUPLICATION_MS = 300_000


@dataclass
class Message:
    number: int
    body: str
    group: str
    visible_at_ms: int = 0
    receives: int = 0


class FifoQueue(WatchedQueue):
    def __init__(self) -> None:
        super().__init__()
        self.dead_url = self.harness.create_queue("dead.fifo", FifoQueue="true")
        self.url = self.harness.create_queue(
            "queue.fifo",
            FifoQueue="true",
            RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(self.dead_url), "maxReceiveCount": RECEIVES_MAX}),
        )
        self.messages: list[Message] = []
        self.dead: list[str] = []
        self.remembered: dict[str, tuple[int, str]] = {}
        self.sent = 0
        self.places: dict[str, int] = {}
        self.place = 0
        self.handles: list[tuple[str, Message, int]] = []

    @rule(group=st.sampled_from("abc"), dedup=st.sampled_from([None, None, None, "x", "y"]))
    def send(self, group: str, dedup: str | None) -> None:
        number, self.sent = self.sent, self.sent + 1
        dedup_id = dedup or f"unique-{number}"
        answer = self.harness.call(
            "SendMessage",
            QueueUrl=self.url,
            MessageBody=str(number),
            MessageGroupId=group,
            MessageDeduplicationId=dedup_id,
        )
        until_ms, message_id = self.remembered.get(dedup_id, (0, ""))
        if until_ms > self.now_ms:
            assert answer["MessageId"] == message_id
            return
        self.remembered[dedup_id] = (self.now_ms + DEDUPLICATION_MS, answer["MessageId"])
        if not any(message.group == group for message in self.messages):
            self.take_last_place(group)
        self.messages.append(Message(number, str(number), group))

    def take_last_place(self, group: str) -> None:
        self.place += 1
        self.places[group] = self.place

    @rule(limit=st.integers(1, 10), timeout_s=st.sampled_from([0, 5, 30]))
    def receive(self, limit: int, timeout_s: int) -> None:
        expected = self.take(limit)
        answer = self.harness.call(
            "ReceiveMessage", QueueUrl=self.url, MaxNumberOfMessages=limit, VisibilityTimeout=timeout_s
        )
        got = answer.get("Messages", [])
        assert [m["Body"] for m in got] == [m.body for m in expected]
        for message, shown in zip(expected, got, strict=True):
            message.receives += 1
            message.visible_at_ms = self.now_ms + timeout_s * 1000
            self.handles.append((shown["ReceiptHandle"], message, message.receives))

    def take(self, limit: int) -> list[Message]:
        """What a receive must return; moves failed messages to the model's dead letters."""
        expected: list[Message] = []
        served: set[str] = set()
        while True:
            dead = len(self.dead)
            groups = sorted(
                (g for g in self.places if g not in served and self.is_open(g)), key=self.places.__getitem__
            )
            for group in groups[: limit - len(expected)]:
                taken = self.take_from(group, limit - len(expected))
                if taken:
                    served.add(group)
                    self.take_last_place(group)
                expected += taken
                if len(expected) == limit:
                    return expected
            if len(self.dead) == dead:
                return expected
            # Groups that lost all their messages stood before others.

    def is_open(self, group: str) -> bool:
        first = next((m for m in self.messages if m.group == group), None)
        return first is not None and first.visible_at_ms <= self.now_ms

    def take_from(self, group: str, limit: int) -> list[Message]:
        taken: list[Message] = []
        for message in [m for m in self.messages if m.group == group]:
            if len(taken) == limit or message.visible_at_ms > self.now_ms:
                break
            if message.receives >= RECEIVES_MAX:
                self.messages.remove(message)
                self.dead.append(message.body)
            else:
                taken.append(message)
        return taken

    def is_held(self, message: Message, receives: int) -> bool:
        return message in self.messages and message.receives == receives and message.visible_at_ms > self.now_ms

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        handle, message, receives = data.draw(st.sampled_from(self.handles))
        is_gone, is_held = message not in self.messages, self.is_held(message, receives)
        assert (self.find_error("DeleteMessage", ReceiptHandle=handle) is None) == (is_gone or is_held)
        if is_held:
            self.messages.remove(message)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), timeout_s=st.sampled_from([0, 0, 20]))
    def change_visibility(self, data: st.DataObject, timeout_s: int) -> None:
        handle, message, receives = data.draw(st.sampled_from(self.handles))
        is_held = self.is_held(message, receives)
        error = self.find_error("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=timeout_s)
        assert (error is None) == is_held
        if is_held:
            message.visible_at_ms = self.now_ms + timeout_s * 1000

    def find_error(self, operation: str, **request: Any) -> str | None:
        try:
            self.harness.call(operation, QueueUrl=self.url, **request)
        except InvalidParameterValue as error:
            return error.message
        return None

    @rule(seconds=st.sampled_from([1, 6, 31, 301]))
    def advance(self, seconds: int) -> None:
        self.harness.advance(seconds)

    @invariant()
    def counts_are_true(self) -> None:
        for url in (self.url, self.dead_url):
            assert self.harness.stored_counts(url) == self.harness.count_rows(url)

    @invariant()
    def every_group_with_messages_has_a_place(self) -> None:
        rows = self.harness.storage.all(
            "SELECT DISTINCT backlog_id, group_id FROM sqs_message EXCEPT"
            " SELECT backlog_id, group_id FROM sqs_message_group"
        )
        assert rows == []

    @invariant()
    def dead_letters_are_those_that_failed(self) -> None:
        rows = self.harness.storage.all(
            "SELECT body FROM sqs_body WHERE dead_letter_source_arn = ? ORDER BY id", (arn_of(self.url),)
        )
        assert [row[0] for row in rows] == self.dead


FifoQueue.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestFifoQueue = FifoQueue.TestCase
