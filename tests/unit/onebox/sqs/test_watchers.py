"""Goal: whoever waits for a queue is called when it has something, at the right moment, and never after cancelling."""

from __future__ import annotations

import asyncio
import itertools
import json
from functools import partial
from typing import Any

import pytest

from onebox.errors import AwsError
from onebox.services.context import Wire
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of


def watch(harness: SqsHarness, url: str) -> tuple[list[int], object]:
    calls: list[int] = []
    subscription = harness.sqs.internal.subscribe(arn_of(url), lambda: calls.append(harness.clock.now_ms()))
    return calls, subscription


def test_subscribe_then_send_calls_after_the_commit(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls, _ = watch(harness, url)

    async def send_and_look() -> None:
        send = harness.sqs.operations["SendMessage"].run
        request = {"QueueUrl": url, "MessageBody": "x"}
        harness.storage.run(lambda: send(harness.context(), request))
        assert calls == []
        await harness.storage.durable()
        assert len(calls) == 1

    harness.run(send_and_look())


def test_subscribe_then_a_send_that_is_undone_does_not_call(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls, _ = watch(harness, url)

    def send_and_fail() -> None:
        request = {"QueueUrl": url, "MessageBody": "x"}
        harness.sqs.operations["SendMessage"].run(harness.context(), request)
        raise AwsError("undo it all")

    async def work() -> None:
        try:
            await harness.storage.write(send_and_fail)
        except AwsError:
            await harness.storage.durable()

    harness.run(work())
    assert calls == []
    assert harness.stored_counts(url) == harness.count_rows(url) == (0, 0, 0)


def test_messages_of_one_commit_call_once_and_those_of_the_next_again(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls, _ = watch(harness, url)
    send = harness.sqs.operations["SendMessage"].run

    def send_one() -> None:
        harness.storage.run(lambda: send(harness.context(), {"QueueUrl": url, "MessageBody": "x"}))

    def send_and_fail() -> None:
        send_one()
        raise AwsError("undo it")

    async def work() -> None:
        for commit in (1, 2):
            with pytest.raises(AwsError):
                harness.storage.run(send_and_fail)
            for _ in range(3):
                send_one()
            await harness.storage.durable()
            assert len(calls) == commit

    harness.run(work())


def test_group_of_a_message_is_that_which_brought_it(harness: SqsHarness) -> None:
    """An old message does not wait until those that came after it are on disk."""
    url = harness.create_queue("q")
    watch(harness, url)
    internal, storage = harness.sqs.internal, harness.storage

    async def work() -> None:
        groups = []
        for body in ("first", "second", "third", "fourth"):
            send = harness.sqs.operations["SendMessage"].run
            storage.run(partial(send, harness.context(), {"QueueUrl": url, "MessageBody": body}))
            groups.append(storage.group)
            await storage.durable()
        received, _ = storage.run(lambda: internal.receive(harness.context(), arn_of(url), 10))
        receipts = [message.receipt for message in received]
        found = [internal.group_of(arn_of(url), [receipt]) for receipt in receipts]
        assert found[2:] == groups[2:]
        assert all(group < groups[2] for group in found[:2]), "of older ones it is enough that they are on disk"
        assert internal.group_of(arn_of(url), receipts) == groups[3]

    harness.run(work())


def test_subscribe_then_a_visibility_timeout_ends_calls_at_that_moment(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=30)
    calls, _ = watch(harness, url)
    due_at_ms = harness.clock.now_ms() + 30_000
    harness.advance(29)
    assert calls == []
    harness.advance(100)
    assert calls == [due_at_ms]


def test_subscribe_then_a_delayed_send_calls_when_the_delay_ends(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls, _ = watch(harness, url)
    harness.call("SendMessage", QueueUrl=url, MessageBody="late", DelaySeconds=60)
    harness.call("SendMessage", QueueUrl=url, MessageBody="soon", DelaySeconds=10)
    start_ms = harness.clock.now_ms()
    harness.advance(100)
    assert calls == [start_ms + 10_000, start_ms + 60_000]


def test_subscribe_then_visibility_set_to_zero_calls(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    handle = harness.call("ReceiveMessage", QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    calls, _ = watch(harness, url)
    harness.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert len(calls) == 1


def test_cancel_then_send_does_not_call(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls: list[int] = []
    subscription = harness.sqs.internal.subscribe(arn_of(url), lambda: calls.append(1))
    subscription.cancel()
    subscription.cancel()
    harness.call("SendMessage", QueueUrl=url, MessageBody="x", DelaySeconds=1)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.advance(10)
    assert calls == []
    assert not harness.sqs.core.watchers.is_watched(arn_of(url))


def begin_poll(harness: SqsHarness, url: str, **request: Any) -> asyncio.Task[Wire]:
    task = harness.loop.create_task(harness.begin("ReceiveMessage", QueueUrl=url, **request))
    harness.advance(0)
    return task


def test_receive_message_on_an_empty_queue_waits_and_returns_what_is_sent(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    task = begin_poll(harness, url, WaitTimeSeconds=20)
    harness.advance(5)
    assert not task.done()
    harness.call("SendMessage", QueueUrl=url, MessageBody="at last")
    answer = harness.run(task)
    assert answer["Messages"][0]["Body"] == "at last"
    assert not harness.sqs.core.watchers.is_watched(arn_of(url))


def test_receive_message_whose_wait_ends_returns_nothing_at_that_moment(harness: SqsHarness) -> None:
    url = harness.create_queue("q", ReceiveMessageWaitTimeSeconds="10")
    task = begin_poll(harness, url)
    harness.advance(9.9)
    assert not task.done()
    harness.advance(0.1)
    assert task.done()
    assert task.result() == {}


def test_receive_message_with_wait_zero_overrides_the_queue(harness: SqsHarness) -> None:
    url = harness.create_queue("q", ReceiveMessageWaitTimeSeconds="10")
    assert harness.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=0) == {}


def test_receive_message_waiting_while_a_visibility_timeout_ends_gets_the_message(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=7)
    task = begin_poll(harness, url, WaitTimeSeconds=20, AttributeNames=["All"])
    harness.advance(7)
    assert task.done()
    assert task.result()["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_receive_message_by_several_waiters_gives_each_message_to_one(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    tasks = [begin_poll(harness, url, WaitTimeSeconds=20) for _ in range(3)]
    harness.call("SendMessage", QueueUrl=url, MessageBody="one")
    harness.advance(1)
    assert [task.done() for task in tasks] == [True, False, False]
    harness.advance(20)
    assert [bool(task.result()) for task in tasks] == [True, False, False]


def test_receive_message_on_a_dead_letter_queue_gets_what_fails_meanwhile(harness: SqsHarness) -> None:
    dead_url = harness.create_queue("dead")
    policy = json.dumps({"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=policy)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
    task = begin_poll(harness, dead_url, WaitTimeSeconds=20)
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    harness.advance(0)
    assert task.result()["Messages"][0]["Body"] == "x"


def test_receive_message_on_a_queue_gets_what_a_move_task_brings_back(harness: SqsHarness) -> None:
    dead_url = harness.create_queue("dead")
    policy = json.dumps({"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=policy)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    for _ in range(2):
        harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
    task = begin_poll(harness, url, WaitTimeSeconds=20)
    harness.call("StartMessageMoveTask", SourceArn=arn_of(dead_url))
    harness.advance(1)
    assert task.result()["Messages"][0]["Body"] == "x"


def test_receive_message_cancelled_leaves_no_watcher(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    task = begin_poll(harness, url, WaitTimeSeconds=20)
    task.cancel()
    harness.advance(0)
    assert task.cancelled()
    assert not harness.sqs.core.watchers.is_watched(arn_of(url))


def test_receive_message_waiting_while_the_queue_is_deleted_is_refused(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    task = begin_poll(harness, url, WaitTimeSeconds=20)
    harness.call("DeleteQueue", QueueUrl=url)
    harness.advance(0)
    assert isinstance(task.exception(), AwsError)


def test_stop_while_a_poll_waits_ends_it_empty() -> None:
    harness = SqsHarness()
    url = harness.create_queue("q")
    task = begin_poll(harness, url, WaitTimeSeconds=20)
    harness.close_service()
    assert task.result() == {}
    harness.close()


def test_two_thousand_watchers_are_called_a_few_a_turn_the_oldest_first(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls: list[int] = []
    for number in range(2000):
        harness.sqs.internal.subscribe(arn_of(url), partial(calls.append, number))

    async def send_and_count() -> list[int]:
        harness.storage.run(
            lambda: harness.sqs.operations["SendMessage"].run(harness.context(), {"QueueUrl": url, "MessageBody": "x"})
        )
        await harness.storage.durable()
        called = [len(calls)]
        while len(calls) < 2000:
            await asyncio.sleep(0)
            called.append(len(calls))
        return called

    called = harness.run(send_and_count())
    assert max(after - before for before, after in itertools.pairwise(called)) <= 20
    assert calls == list(range(2000))


def test_watchers_that_find_nothing_left_are_not_called(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls: list[int] = []

    def take() -> None:
        calls.append(1)
        harness.storage.run(lambda: harness.sqs.internal.receive(harness.context(), arn_of(url), 10))

    for _ in range(2000):
        harness.sqs.internal.subscribe(arn_of(url), take)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.advance(0)
    assert 1 <= len(calls) <= 40


def test_watchers_are_called_again_for_messages_that_come_during_a_round(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    calls: dict[int, int] = {}

    def count(number: int) -> None:
        calls[number] = calls.get(number, 0) + 1

    for number in range(100):
        harness.sqs.internal.subscribe(arn_of(url), partial(count, number))

    async def send_twice() -> None:
        for _ in range(2):
            await harness.begin("SendMessage", QueueUrl=url, MessageBody="x")
        for _ in range(50):
            await asyncio.sleep(0)

    harness.run(send_twice())
    assert len(calls) == 100
    assert calls[0] == 2


def test_sweeper_looks_at_a_thousand_queues_a_portion_at_a_time(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [harness.create_queue(f"q{number}", MessageRetentionPeriod="60") for number in range(200)]
    for url in urls:
        harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.advance(58)
    looked: list[str] = []
    find_oldest = harness.sqs.core.messages.find_oldest_visible

    def spy(backlog_id: int, limit: int) -> object:
        looked.append(str(backlog_id))
        return find_oldest(backlog_id, limit)

    monkeypatch.setattr(harness.sqs.core.messages, "find_oldest_visible", spy)
    harness.inside(lambda _context: harness.sqs.background.sweeper._sweep_once())
    assert len(set(looked)) <= 50
    harness.advance(130)
    assert all(harness.count_rows(url) == (0, 0, 0) for url in urls)
