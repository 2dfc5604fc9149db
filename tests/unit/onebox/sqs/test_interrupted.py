"""Goal: a message that was with a mapping when the process ended comes back at once, and the receive does not count."""

from __future__ import annotations

import json
import logging

from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps
from onebox.services.sqs.model import ReceivedMessage
from onebox.services.sqs.service import Sqs
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of


def restart(harness: SqsHarness) -> None:
    """As after SIGKILL: the database is as it was committed, nothing in memory is left."""
    harness.run(harness.sqs.stop())
    deps = Deps(harness.storage, harness.clock, harness.sqs.core.ids, MetricBuffer(), logging.getLogger("onebox.test"))
    harness.sqs = Sqs(deps)
    harness.run(harness.sqs.start())


def receive(harness: SqsHarness, url: str) -> list[ReceivedMessage]:
    return harness.receive_inside(url, 10)


def fail(harness: SqsHarness, url: str, messages: list[ReceivedMessage]) -> None:
    receipts = [message.receipt for message in messages]
    harness.inside(lambda context: harness.sqs.internal.fail_attempt(context, arn_of(url), receipts))


def counts(messages: list[ReceivedMessage]) -> list[str]:
    return [message.attributes["ApproximateReceiveCount"] for message in messages]


def test_messages_with_a_mapping_return_at_the_next_start_uncounted(harness: SqsHarness) -> None:
    dead = harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=redrive, VisibilityTimeout="3600")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    handles = set()
    for _ in range(40):
        messages = receive(harness, url)
        assert counts(messages) == ["1"]
        handles.add(messages[0].receipt_handle)
        restart(harness)
        assert harness.stored_counts(url) == harness.count_rows(url) == (1, 0, 0)
    assert len(handles) == 40  # no receipt handle is ever given twice
    assert harness.stored_counts(dead) == (0, 0, 0)


def test_failed_attempts_count_across_restarts(harness: SqsHarness) -> None:
    dead = harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 2})
    url = harness.create_queue("q", RedrivePolicy=redrive)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    for expected in ("1", "2"):
        messages = receive(harness, url)
        assert counts(messages) == [expected]
        fail(harness, url, messages)
        restart(harness)
        assert harness.stored_counts(url) == (0, 1, 0)  # still invisible
        harness.advance(31)
    assert receive(harness, url) == []
    assert harness.stored_counts(dead) == harness.count_rows(dead) == (1, 0, 0)
    (dead_letter,) = receive(harness, dead)
    assert counts([dead_letter]) == ["3"]


def test_uncounted_receives_do_not_follow_a_message_to_its_dead_letter_queue(harness: SqsHarness) -> None:
    worse = harness.create_queue("worse")
    dead = harness.create_queue(
        "dead", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(worse), "maxReceiveCount": 1})
    )
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=redrive)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    receive(harness, url)
    restart(harness)
    fail(harness, url, receive(harness, url))
    harness.advance(31)
    assert receive(harness, url) == []
    fail(harness, dead, receive(harness, dead))
    harness.advance(31)
    assert receive(harness, dead) == []
    assert harness.stored_counts(worse) == (1, 0, 0)


def test_receives_of_clients_stay_in_flight_across_restarts(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.call("ReceiveMessage", QueueUrl=url)
    restart(harness)
    assert harness.stored_counts(url) == (0, 1, 0)
    harness.advance(31)
    message = harness.call("ReceiveMessage", QueueUrl=url, AttributeNames=["All"])["Messages"][0]
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_client_that_receives_after_a_mapping_keeps_the_message(harness: SqsHarness) -> None:
    url = harness.create_queue("q", VisibilityTimeout="5")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    receive(harness, url)
    harness.advance(6)
    harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=60)
    restart(harness)
    assert harness.stored_counts(url) == (0, 1, 0)


def test_messages_of_a_fifo_group_return_in_their_order(harness: SqsHarness) -> None:
    url = harness.create_queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body in "abc":
        harness.call("SendMessage", QueueUrl=url, MessageBody=body, MessageGroupId="g")
    assert [message.body for message in receive(harness, url)] == ["a", "b", "c"]
    restart(harness)
    assert [message.body for message in receive(harness, url)] == ["a", "b", "c"]


def test_thousands_of_messages_return_in_portions(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    for _ in range(250):
        entries = [{"Id": str(n), "MessageBody": "x"} for n in range(10)]
        harness.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    harness.receive_inside(url, 2500)
    restart(harness)
    assert harness.stored_counts(url) == harness.count_rows(url) == (2500, 0, 0)
