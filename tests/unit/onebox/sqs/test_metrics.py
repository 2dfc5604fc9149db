"""Goal: the metrics of queues count what was committed, once, and nothing that was undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from onebox.services.context import RequestContext
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of


class Undo(Exception):
    """Makes a job fail after its work."""


def counts(harness: SqsHarness) -> dict[str, float]:
    """The sums of the metrics since the last call."""
    return {key.name: statistic.total for key, statistic in harness.metrics.drain()}


def fail_after(harness: SqsHarness, work: Callable[[RequestContext], object], *, nested: bool) -> None:
    """Do some work in a job of its own, or within another one that goes on, and undo it."""

    def job() -> None:
        work(harness.context())
        raise Undo

    async def run() -> None:
        if nested:
            harness.storage.run(lambda: harness.storage.execute("SELECT 1"))  # opens the group
        with pytest.raises(Undo):
            harness.storage.run(job)
        await harness.storage.durable()

    harness.run(run())


@pytest.mark.parametrize("nested", [False, True], ids=["job", "savepoint"])
def test_what_is_undone_is_not_counted(harness: SqsHarness, nested: bool) -> None:
    url = harness.create_queue("q")
    internal, arn = harness.sqs.internal, arn_of(url)
    harness.call("SendMessage", QueueUrl=url, MessageBody="hello")
    assert counts(harness) == {"SentMessageSize": 5, "NumberOfMessagesSent": 1}

    fail_after(harness, lambda context: internal.send(context, arn, "undone", {}), nested=nested)
    fail_after(harness, lambda context: internal.receive(context, arn, 10), nested=nested)
    assert counts(harness) == {}

    (message,) = harness.receive_inside(url, 10)
    assert counts(harness) == {"NumberOfMessagesReceived": 1}
    fail_after(harness, lambda context: internal.delete(context, arn, [message.receipt]), nested=nested)
    assert counts(harness) == {}
    harness.inside(lambda context: internal.delete(context, arn, [message.receipt]))
    assert counts(harness) == {"NumberOfMessagesDeleted": 1}


def test_what_is_sent_is_counted_when_it_is_committed(harness: SqsHarness) -> None:
    url = harness.create_queue("q")

    async def run() -> None:
        harness.storage.run(lambda: harness.sqs.internal.send(harness.context(), arn_of(url), "hello", {}))
        assert counts(harness) == {}
        await harness.storage.durable()
        assert counts(harness) == {"SentMessageSize": 5, "NumberOfMessagesSent": 1}

    harness.run(run())


def test_empty_receive_is_counted(harness: SqsHarness) -> None:
    url = harness.create_queue("q")

    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    assert counts(harness) == {"NumberOfEmptyReceives": 1}
