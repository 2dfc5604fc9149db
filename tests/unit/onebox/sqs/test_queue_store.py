"""Goal: a queue that is kept in memory is never another one than the database has, and costs no look-up."""

from __future__ import annotations

import pytest

from onebox.errors import AwsError
from tests.unit.onebox.sqs.harness import SqsHarness


def change_and_look(harness: SqsHarness, operation: str, *, nested: bool, **request: object) -> None:
    """Change the queue and use it, in one job that is undone."""

    def change() -> None:
        harness.sqs.operations[operation].run(harness.context(), request)
        harness.sqs.core.queues.find(*key_of(harness))
        raise AwsError("undo it all")

    async def work() -> None:
        if nested:
            harness.storage.run(lambda: None)
        with pytest.raises(AwsError):
            harness.storage.run(change)
        harness.sqs.core.queues.find(*key_of(harness))
        await harness.storage.durable()

    harness.run(work())


def key_of(harness: SqsHarness) -> tuple[str, str, str]:
    context = harness.context()
    return context.account, context.region, "q"


def visibility_of(harness: SqsHarness) -> int | None:
    queue = harness.sqs.core.queues.find(*key_of(harness))
    return None if queue is None else queue.visibility_timeout_ms


@pytest.mark.parametrize("nested", [False, True], ids=["group", "savepoint"])
def test_a_change_that_is_undone_is_not_seen(harness: SqsHarness, nested: bool) -> None:
    url = harness.create_queue("q", VisibilityTimeout="30")
    for _ in range(2):
        assert visibility_of(harness) == 30_000
        change_and_look(
            harness, "SetQueueAttributes", nested=nested, QueueUrl=url, Attributes={"VisibilityTimeout": "7"}
        )
        assert visibility_of(harness) == 30_000
    change_and_look(harness, "DeleteQueue", nested=nested, QueueUrl=url)
    assert visibility_of(harness) == 30_000
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    assert visibility_of(harness) == 7_000
    harness.call("DeleteQueue", QueueUrl=url)
    assert visibility_of(harness) is None


def test_a_queue_that_nobody_changes_is_not_looked_up(harness: SqsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    first = harness.storage.first
    asked: list[str] = []

    def note(sql: str, *parameters: object) -> object:
        asked.append(sql)
        return first(sql, *parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(harness.storage, "first", note)
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    harness.call("ReceiveMessage", QueueUrl=url)
    assert asked
    assert not [sql for sql in asked if "sqs_queue" in sql]
    harness.call("TagQueue", QueueUrl=url, Tags={"a": "b"})
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    assert [sql for sql in asked if "sqs_queue" in sql], "it was changed"
