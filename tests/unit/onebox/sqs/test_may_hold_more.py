"""Goal: a receive says that there may be more while there is anything that no notice will tell of later."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from math import ceil

import pytest

from onebox.services.context import Wire
from onebox.services.sqs.limits import CHANGE_BYTES, CHANGES_IN_GROUP, LOOK_CHANGES_MAX, LOOKS_OF_SHORT_POLL_MAX
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of

RETENTION_S = 60


def send(harness: SqsHarness, url: str, count: int, group: str | None = None) -> None:
    extra = {} if group is None else {"MessageGroupId": group}
    for start in range(0, count, 10):
        entries = [
            {"Id": str(n), "MessageBody": f"{group} {harness.clock.now_ms()} {n}", **extra}
            for n in range(start, min(start + 10, count))
        ]
        assert not harness.call("SendMessageBatch", QueueUrl=url, Entries=entries).get("Failed")


def receive(harness: SqsHarness, url: str, limit: int) -> tuple[int, bool]:
    messages, may_hold_more = harness.inside(lambda context: harness.sqs.internal.receive(context, arn_of(url), limit))
    return len(messages), may_hold_more


def make_fifo(harness: SqsHarness, **attributes: str) -> str:
    return harness.create_queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true", **attributes)


def test_while_messages_are_due_that_the_receive_did_not_look_at(harness: SqsHarness) -> None:
    url = harness.create_queue("q", DelaySeconds="1")
    send(harness, url, LOOK_CHANGES_MAX + 1)
    harness.advance(1)
    answers = [receive(harness, url, LOOK_CHANGES_MAX) for _ in range(3)]
    assert answers == [(LOOK_CHANGES_MAX, True), (1, False), (0, False)]


def test_while_more_are_too_old_than_one_receive_removes(harness: SqsHarness) -> None:
    url = harness.create_queue("q", MessageRetentionPeriod=str(RETENTION_S))
    send(harness, url, LOOK_CHANGES_MAX)
    harness.advance(RETENTION_S - 10)  # before the sweeper comes by
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": str(2 * RETENTION_S)})
    send(harness, url, 1)
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": str(RETENTION_S)})
    harness.sqs.core.clock.source.pass_ms(10_000)  # type: ignore[attr-defined]
    assert [receive(harness, url, 10) for _ in range(2)] == [(0, True), (1, False)]


@pytest.mark.parametrize("limit", [1, 10])
def test_groups_that_lose_all_their_messages_do_not_hide_those_behind_them(harness: SqsHarness, limit: int) -> None:
    dead = harness.create_queue("dead.fifo", FifoQueue="true")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = make_fifo(harness, RedrivePolicy=redrive, VisibilityTimeout="5")
    for number in range(12):
        send(harness, url, 1, f"failed-{number}")
    assert [receive(harness, url, 12)[0] for _ in range(2)] == [12, 0]
    harness.advance(5)
    send(harness, url, 1, "behind")
    answer = harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=limit)
    assert [message["Body"].split()[0] for message in answer["Messages"]] == ["behind"]
    assert harness.stored_counts(url) == harness.count_rows(url) == (0, 1, 0)
    assert harness.stored_counts(dead) == harness.count_rows(dead) == (12, 0, 0)


def test_not_while_all_others_wait_for_their_group(harness: SqsHarness) -> None:
    url = make_fifo(harness)
    send(harness, url, 3, "g")
    assert [receive(harness, url, 1) for _ in range(2)] == [(1, True), (0, False)]


def test_while_more_are_due_and_failed_than_one_receive_moves(harness: SqsHarness) -> None:
    dead = harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=redrive, VisibilityTimeout="5")
    count = 2 * LOOK_CHANGES_MAX
    send(harness, url, count)
    assert receive(harness, url, count)[0] == count
    harness.advance(5)
    assert [receive(harness, url, 10) for _ in range(3)] == [(0, True), (0, False), (0, False)]
    assert harness.stored_counts(dead) == harness.count_rows(dead) == (count, 0, 0)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_fifo_receive_removes_no_more_than_its_bound(harness: SqsHarness, groups: int) -> None:
    url = make_fifo(harness, MessageRetentionPeriod=str(RETENTION_S))
    in_group = 2 * LOOK_CHANGES_MAX // groups - 10
    for group in range(groups):
        send(harness, url, in_group, f"old-{group}")
    harness.sqs.core.clock.source.pass_ms(RETENTION_S * 1000)  # type: ignore[attr-defined]
    assert receive(harness, url, 10) == (0, True)
    assert harness.count_rows(url) == (groups * in_group - ceil(LOOK_CHANGES_MAX / CHANGES_IN_GROUP), 0, 0)


@pytest.mark.parametrize("attempt", [{}, {"ReceiveRequestAttemptId": "a"}])
def test_long_poll_of_a_fifo_queue_comes_to_the_end_of_what_is_too_old(
    harness: SqsHarness, attempt: dict[str, str]
) -> None:
    url = make_fifo(harness, MessageRetentionPeriod=str(RETENTION_S))
    send(harness, url, 2 * LOOK_CHANGES_MAX + 10, "g")
    harness.sqs.core.clock.source.pass_ms(RETENTION_S * 1000)  # type: ignore[attr-defined]
    send(harness, url, 1, "g")
    poll = harness.begin("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20, **attempt)
    answer = harness.run(asyncio.wait_for(poll, 30))  # time stands still: a poll that waits would never end
    assert len(answer["Messages"]) == 1
    assert harness.stored_counts(url) == harness.count_rows(url) == (0, 1, 0)


def test_long_poll_of_a_fifo_queue_comes_to_the_end_of_what_is_due_in_a_closed_group(harness: SqsHarness) -> None:
    url = make_fifo(harness, VisibilityTimeout="300")
    send(harness, url, 1, "closed")
    assert receive(harness, url, 1) == (1, False)
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "5"})
    send(harness, url, 2 * LOOK_CHANGES_MAX + 20, "closed")
    send(harness, url, 1, "open")
    harness.sqs.core.clock.source.pass_ms(5_000)  # type: ignore[attr-defined]
    poll = harness.begin("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
    answer = harness.run(asyncio.wait_for(poll, 30))  # time stands still: a poll that waits would never end
    assert [message["Body"].split()[0] for message in answer["Messages"]] == ["open"]
    assert receive(harness, url, 10) == (0, False)


@pytest.mark.parametrize("kind", ["too old", "failed", "failed, in groups"])
@pytest.mark.parametrize("wait_s", [0, 20])
def test_receives_at_once_remove_no_more_in_one_turn_than_one_of_them(
    harness: SqsHarness, kind: str, wait_s: int
) -> None:
    polls, count = 30, 8 * LOOK_CHANGES_MAX
    url = make_queue_of_dead(harness, kind, count)
    for number in range(polls):
        send(harness, url, 1, f"live-{number}" if kind == "failed, in groups" else None)
    left: list[int] = []

    async def poll_and_count_in_each_turn() -> list[Wire]:
        left.append(harness.count_rows(url)[0] + harness.count_rows(url)[1])
        begun = [
            harness.begin("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=wait_s)
            for _ in range(polls)
        ]
        answers = asyncio.gather(*begun)
        while not answers.done():
            await asyncio.sleep(0)
            left.append(sum(harness.count_rows(url)))
        return await answers

    answers = harness.run(asyncio.wait_for(poll_and_count_in_each_turn(), 60))
    assert [len(answer["Messages"]) for answer in answers] == [1] * polls
    # Each receive removes one at least, so that none is stopped by others for good.
    assert max(before - after for before, after in pairwise(left)) <= LOOK_CHANGES_MAX + polls
    assert left[0] - left[-1] == count


@pytest.mark.parametrize(("milliseconds", "looks"), [(0, 2), (60_000, LOOKS_OF_SHORT_POLL_MAX)])
def test_a_short_poll_that_finds_dead_messages_only_ends(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch, milliseconds: int, looks: int
) -> None:
    monkeypatch.setattr("onebox.services.sqs.operations.receives.SHORT_POLL_MS_MAX", milliseconds)
    url = make_queue_of_dead(harness, "too old", 12 * LOOK_CHANGES_MAX)
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    assert harness.count_rows(url)[0] == (12 - looks) * LOOK_CHANGES_MAX


def test_long_polls_of_a_queue_of_dead_messages_delay_no_poll_of_another(harness: SqsHarness) -> None:
    dead = make_queue_of_dead(harness, "too old", 40 * LOOK_CHANGES_MAX)
    url = harness.create_queue("other")

    async def poll_both() -> Wire:
        crowd = [
            asyncio.ensure_future(harness.begin("ReceiveMessage", QueueUrl=dead, WaitTimeSeconds=20)) for _ in range(50)
        ]
        poll = asyncio.ensure_future(harness.begin("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20))
        await asyncio.sleep(0)
        await harness.begin("SendMessage", QueueUrl=url, MessageBody="live")
        answer = await asyncio.wait_for(poll, 60)
        assert harness.count_rows(dead)[0] > 20 * LOOK_CHANGES_MAX, "the others still have to look"
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        return answer

    assert len(harness.run(poll_both())["Messages"]) == 1


def make_queue_of_dead(harness: SqsHarness, kind: str, count: int) -> str:
    """A queue whose messages will be removed by receives: its URL."""
    if kind == "too old":
        url = harness.create_queue("q", MessageRetentionPeriod=str(RETENTION_S))
        send(harness, url, count)
        harness.sqs.core.clock.source.pass_ms(RETENTION_S * 1000)  # type: ignore[attr-defined]
        return url
    is_fifo = kind == "failed, in groups"
    dead = harness.create_queue("dead.fifo", FifoQueue="true") if is_fifo else harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = (
        make_fifo(harness, RedrivePolicy=redrive, VisibilityTimeout="5")
        if is_fifo
        else harness.create_queue("q", RedrivePolicy=redrive, VisibilityTimeout="5")
    )
    for group in range(20):
        send(harness, url, count // 20, f"group-{group}" if is_fifo else None)
    assert sum(receive(harness, url, count)[0] for _ in range(2)) == count
    harness.advance(5)
    return url


def test_a_look_removes_fewer_messages_that_are_large(harness: SqsHarness) -> None:
    url = harness.create_queue("q", MessageRetentionPeriod=str(RETENTION_S))
    text = "x" * (CHANGE_BYTES * LOOK_CHANGES_MAX // 4)
    for _ in range(10):
        harness.call("SendMessage", QueueUrl=url, MessageBody=text)
    harness.sqs.core.clock.source.pass_ms(RETENTION_S * 1000)  # type: ignore[attr-defined]
    assert receive(harness, url, 1) == (0, True)
    assert harness.count_rows(url) == (6, 0, 0)
