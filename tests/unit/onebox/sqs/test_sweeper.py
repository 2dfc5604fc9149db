"""Goal: what nobody can ask for any more is removed, a portion at a time, and a queue's numbers follow."""

from __future__ import annotations

from tests.unit.onebox.sqs.harness import ACCOUNT, REGION, SqsHarness


def count_all(harness: SqsHarness) -> tuple[int, int]:
    messages, bodies = (harness.storage.first(f"SELECT count(*) FROM sqs_{t}") for t in ("message", "body"))
    assert messages is not None
    assert bodies is not None
    return messages[0], bodies[0]


def fill(harness: SqsHarness, url: str, count: int) -> None:
    entries = [{"Id": str(n), "MessageBody": "x"} for n in range(10)]
    for _ in range(count // 10):
        harness.call("SendMessageBatch", QueueUrl=url, Entries=entries)


def test_purge_queue_hides_messages_at_once_and_removes_them_soon(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    fill(harness, url, 1200)
    handle = harness.call("ReceiveMessage", QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    harness.call("PurgeQueue", QueueUrl=url)
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    harness.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
    harness.call("SendMessage", QueueUrl=url, MessageBody="after")
    harness.advance(1)
    assert count_all(harness) == (1, 1)
    assert harness.stored_counts(url) == (1, 0, 0)
    assert harness.storage.first("SELECT count(*) FROM sqs_backlog") == (1,)


def test_delete_queue_removes_its_messages_and_a_new_one_is_empty(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    fill(harness, url, 20)
    harness.call("DeleteQueue", QueueUrl=url)
    url = harness.create_queue("q")
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    harness.advance(1)
    assert count_all(harness) == (0, 0)


def test_sweeper_removes_what_is_older_than_the_retention_period(harness: SqsHarness) -> None:
    url = harness.create_queue("q", MessageRetentionPeriod="60")
    fill(harness, url, 50)
    harness.advance(59)
    fill(harness, url, 10)
    harness.advance(30)
    assert count_all(harness) == (10, 10)
    assert harness.stored_counts(url) == (10, 0, 0)


def test_receive_message_of_an_expired_message_returns_nothing_before_any_sweep(harness: SqsHarness) -> None:
    url = harness.create_queue("q", MessageRetentionPeriod="60")
    harness.sqs.background.sweeper.stop()
    fill(harness, url, 20)
    harness.advance(60)
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    assert harness.stored_counts(url) == harness.count_rows(url) == (0, 0, 0)


def test_sweeper_forgets_deduplication_after_five_minutes(harness: SqsHarness) -> None:
    url = harness.create_queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g")
    harness.call("ReceiveMessage", QueueUrl=url, ReceiveRequestAttemptId="a")
    harness.advance(361)
    assert harness.storage.first("SELECT count(*) FROM sqs_deduplication") == (0,)
    assert harness.storage.first("SELECT count(*) FROM sqs_receive_attempt") == (0,)


def test_receive_message_makes_no_walk_over_a_message_group_that_is_blocked(harness: SqsHarness) -> None:
    """A thousand messages behind one in flight are not even looked at."""
    url = harness.create_queue("q.fifo", FifoQueue="true")
    for n in range(300):
        harness.call("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId=str(n))
    harness.call("ReceiveMessage", QueueUrl=url)
    queue = harness.sqs.core.queues.find(ACCOUNT, REGION, "q.fifo")
    assert queue is not None
    assert harness.sqs.core.groups.find_open(queue.backlog_id, 10) == []
