"""Goal: FIFO queues keep order, drop repetitions for five minutes, and lock a group as AWS does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

Client = Callable[..., Any]


def make_queue(sqs: Any, **attributes: str) -> str:
    url: str = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true", **attributes})["QueueUrl"]
    return url


def send(sqs: Any, url: str, body: str, group: str = "g", dedup: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = sqs.send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=dedup or body
    )
    return answer


def receive(sqs: Any, url: str, limit: int = 10, **request: Any) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=limit, **request).get(
        "Messages", []
    )
    return got


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


def test_send_message_with_a_known_deduplication_id_is_dropped_for_five_minutes(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs)
    first = send(sqs, url, "one", dedup="id")
    again = send(sqs, url, "two", group="other", dedup="id")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    message = receive(sqs, url)[0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    timed.clock.advance(299)
    assert send(sqs, url, "three", dedup="id")["MessageId"] == first["MessageId"]
    assert receive(sqs, url) == []
    timed.clock.advance(1)
    assert send(sqs, url, "four", dedup="id")["MessageId"] != first["MessageId"]
    assert bodies(receive(sqs, url)) == ["four"]


def test_message_not_deleted_in_time_comes_back_before_its_followers(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs)
    for body in ("1", "2", "3"):
        send(sqs, url, body)
    assert bodies(receive(sqs, url, limit=2, VisibilityTimeout=10)) == ["1", "2"]
    timed.clock.advance(10)
    assert bodies(receive(sqs, url)) == ["1", "2", "3"]


def test_delete_message_after_the_timeout_is_refused_in_a_fifo_queue(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs)
    send(sqs, url, "x")
    handle = receive(sqs, url, VisibilityTimeout=10)[0]["ReceiptHandle"]
    timed.clock.advance(10)
    with pytest.raises(ClientError) as refusal:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    error = refusal.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == (
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    )


def test_send_message_to_a_fifo_queue_with_a_delay_is_hidden_until_it_ends(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs, DelaySeconds="2")
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="x", DelaySeconds=0)
    assert receive(sqs, url) == []
    timed.clock.advance(2)
    assert bodies(receive(sqs, url)) == ["x"]


def test_receive_message_again_with_the_same_attempt_id_returns_the_same(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs)
    for body in ("1", "2"):
        send(sqs, url, body)
    first = receive(sqs, url, VisibilityTimeout=30, ReceiveRequestAttemptId="try", AttributeNames=["All"])
    timed.clock.advance(20)
    again = receive(sqs, url, VisibilityTimeout=30, ReceiveRequestAttemptId="try", AttributeNames=["All"])
    assert again == first
    timed.clock.advance(20)
    assert receive(sqs, url) == []


def groups_in(sqs: Any, url: str, *sent: str) -> None:
    """Send messages named after their group and place in it: ``g1a``."""
    for body in sent:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[:2], MessageDeduplicationId=body)


def test_receive_message_sends_a_group_to_the_end_of_the_queue_of_groups(sqs: Any) -> None:
    url = make_queue(sqs)
    groups_in(sqs, url, "g1a", "g2a", "g2b", "g3a", "g1b")
    assert bodies(receive(sqs, url, limit=3, VisibilityTimeout=0)) == ["g1a", "g1b", "g2a"]
    assert bodies(receive(sqs, url)) == ["g3a", "g1a", "g1b", "g2a", "g2b"]


def test_receive_message_after_timeouts_begins_with_the_group_that_was_never_received(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs)
    groups_in(sqs, url, "g1a", "g1b", "g1c", "g1d", "g2a", "g3a")
    assert bodies(receive(sqs, url, limit=2)) == ["g1a", "g1b"]
    assert bodies(receive(sqs, url, limit=1)) == ["g2a"]
    timed.clock.advance(31)
    assert bodies(receive(sqs, url)) == ["g3a", "g1a", "g1b", "g1c", "g1d", "g2a"]


def test_change_message_visibility_opens_a_group_at_its_new_place(sqs: Any) -> None:
    url = make_queue(sqs)
    groups_in(sqs, url, "g1a", "g1b", "g2a")
    first = receive(sqs, url, limit=2)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, url, limit=3)) == ["g2a", "g1a"]


def test_purge_queue_forgets_deduplication_ids(sqs: Any) -> None:
    url = make_queue(sqs)
    groups_in(sqs, url, "g1a")
    sqs.purge_queue(QueueUrl=url)
    groups_in(sqs, url, "g1a")
    assert bodies(receive(sqs, url)) == ["g1a"]


def test_deduplication_scope_changes_a_minute_later(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = make_queue(sqs)

    def send_to(group: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=group, MessageGroupId=group, MessageDeduplicationId="same")

    send_to("a")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DeduplicationScope": "messageGroup"})
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DeduplicationScope"])["Attributes"]
    assert attributes == {"DeduplicationScope": "messageGroup"}
    send_to("b")
    assert bodies(receive(sqs, url)) == ["a"]
    timed.clock.advance(61)
    send_to("c")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DeduplicationScope": "queue"})
    send_to("d")
    assert bodies(receive(sqs, url)) == ["a", "c", "d"]
