"""Goal: a queue never has more than 120,000 messages in flight, and says so as its type does."""

from __future__ import annotations

import pytest

from onebox.services.sqs.errors import OverLimit
from onebox.services.sqs.limits import IN_FLIGHT_MAX
from tests.unit.onebox.sqs.harness import ACCOUNT, REGION, SqsHarness


def pretend_in_flight(harness: SqsHarness, name: str, count: int) -> None:
    """Set the number instead of receiving 120,000 messages; receives look at nothing else."""
    queue = harness.sqs.core.queues.find(ACCOUNT, REGION, name)
    assert queue is not None
    harness.inside(lambda _: harness.sqs.core.messages.add_counts(queue.backlog_id, in_flight=count))


def test_receive_message_at_the_limit_of_a_standard_queue_is_refused(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    pretend_in_flight(harness, "q", IN_FLIGHT_MAX)
    with pytest.raises(OverLimit):
        harness.call("ReceiveMessage", QueueUrl=url)


def test_receive_message_at_the_limit_of_a_fifo_queue_returns_nothing(harness: SqsHarness) -> None:
    url = harness.create_queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g")
    pretend_in_flight(harness, "q.fifo", IN_FLIGHT_MAX)
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}


def test_receive_just_below_the_limit_takes_what_still_fits(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    for number in range(3):
        harness.call("SendMessage", QueueUrl=url, MessageBody=str(number))
    pretend_in_flight(harness, "q", IN_FLIGHT_MAX - 2)
    got = harness.receive_inside(url, 10)
    assert [message.body for message in got] == ["0", "1"]
