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


def test_send_message_to_a_fifo_queue_answers_with_growing_sequence_numbers(sqs: Any) -> None:
    url = make_queue(sqs)
    numbers = [send(sqs, url, body)["SequenceNumber"] for body in "abc"]
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {20}
    message = receive(sqs, url, AttributeNames=["All"])[0]
    assert message["Attributes"]["SequenceNumber"] == numbers[0]
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert message["Attributes"]["MessageDeduplicationId"] == "a"


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        (
            {"MessageDeduplicationId": "x"},
            "MissingParameter",
            "The request must contain the parameter MessageGroupId.",
        ),
        (
            {"MessageGroupId": "g"},
            "InvalidParameterValue",
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly",
        ),
        (
            {"MessageGroupId": "g", "MessageDeduplicationId": "x", "DelaySeconds": 2},
            "InvalidParameterValue",
            "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid "
            "for this queue type.",
        ),
        (
            {"MessageGroupId": "g", "MessageDeduplicationId": "a b"},
            "InvalidParameterValue",
            "Value a b for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only "
            "include alphanumeric and punctuation characters. 1 to 128 in length.",
        ),
    ],
)
def test_send_message_to_a_fifo_queue_that_breaks_a_rule_is_refused(
    sqs: Any, members: dict[str, Any], code: str, message: str
) -> None:
    url = make_queue(sqs)
    with pytest.raises(ClientError) as refusal:
        sqs.send_message(QueueUrl=url, MessageBody="x", **members)
    error = refusal.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)


def test_send_message_batch_without_a_group_is_refused_whole(sqs: Any) -> None:
    url = make_queue(sqs)
    batch = [
        {"Id": "1", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
        {"Id": "2", "MessageBody": "x", "MessageDeduplicationId": "2"},
    ]
    with pytest.raises(ClientError) as refusal:
        sqs.send_message_batch(QueueUrl=url, Entries=batch)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert receive(sqs, url) == []


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


def test_send_message_with_content_based_deduplication_drops_the_same_body(sqs: Any) -> None:
    url = make_queue(sqs, ContentBasedDeduplication="true")
    for body in ("same", "same", "other"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    messages = receive(sqs, url, AttributeNames=["All"])
    assert bodies(messages) == ["same", "other"]
    assert len(messages[0]["Attributes"]["MessageDeduplicationId"]) == 64


def test_send_message_with_deduplication_by_group_drops_within_the_group_only(sqs: Any) -> None:
    url = make_queue(sqs, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send(sqs, url, "one", group="a", dedup="id")
    send(sqs, url, "two", group="b", dedup="id")
    send(sqs, url, "three", group="a", dedup="id")
    assert bodies(receive(sqs, url)) == ["one", "two"]


def test_receive_message_from_a_group_in_flight_gets_only_other_groups(sqs: Any) -> None:
    url = make_queue(sqs)
    for body in ("a1", "a2", "b1", "a3"):
        send(sqs, url, body, group=body[0])
    first = receive(sqs, url, limit=1)
    assert bodies(first) == ["a1"]
    assert bodies(receive(sqs, url)) == ["b1"]
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert bodies(receive(sqs, url)) == ["a2", "a3"]


@pytest.mark.parametrize(("freed", "expected"), [([0], ["foo"]), ([0, 1], ["foo", "bar"]), ([1, 2], [])])
def test_change_message_visibility_frees_a_group_up_to_the_first_in_flight(
    sqs: Any, freed: list[int], expected: list[str]
) -> None:
    """Recorded from AWS: what stands before the first message in flight may be received."""
    url = make_queue(sqs)
    for body in ("foo", "bar", "baz"):
        send(sqs, url, body)
    messages = receive(sqs, url)
    for index in freed:
        handle = messages[index]["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert bodies(receive(sqs, url)) == expected


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


def test_receive_message_again_after_a_deletion_is_refused(sqs: Any) -> None:
    url = make_queue(sqs)
    send(sqs, url, "1")
    message = receive(sqs, url, ReceiveRequestAttemptId="try")[0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(ClientError, match="is not valid anymore since the receive call is not retryable"):
        receive(sqs, url, ReceiveRequestAttemptId="try")


def test_set_queue_attributes_cannot_make_a_fifo_queue_standard(sqs: Any) -> None:
    url = make_queue(sqs)
    with pytest.raises(sqs.exceptions.InvalidAttributeValue, match="Modifying queue type is not supported"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "false"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["FifoQueue"] == "true"
    assert found["DeduplicationScope"] == "queue"
    assert found["FifoThroughputLimit"] == "perQueue"
    assert found["ContentBasedDeduplication"] == "false"


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
