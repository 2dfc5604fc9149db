"""Goal: FIFO queues keep order, drop repetitions for five minutes, and lock a group as AWS does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique

Client = Callable[..., Any]


def make_queue(sqs: Any, name: str, **attributes: str) -> str:
    url: str = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true", **attributes})["QueueUrl"]
    return url


def send(sqs: Any, url: str, body: str, group: str = "g", dedup: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = sqs.send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=dedup or body
    )
    return answer


def receive(sqs: Any, url: str, limit: int = 10, **request: Any) -> list[dict[str, Any]]:
    """What is there; a moment is waited for it."""
    wanted = {"QueueUrl": url, "MaxNumberOfMessages": limit, "WaitTimeSeconds": 5, **request}
    got: list[dict[str, Any]] = sqs.receive_message(**wanted).get("Messages", [])
    return got


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


def test_send_message_to_a_fifo_queue_answers_with_growing_sequence_numbers(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"))
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
    sqs: Any, members: dict[str, Any], code: str, message: str, unique: Unique
) -> None:
    url = make_queue(sqs, unique("q.fifo"))
    with pytest.raises(ClientError) as refusal:
        sqs.send_message(QueueUrl=url, MessageBody="x", **members)
    error = refusal.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)


def test_send_message_batch_without_a_group_is_refused_whole(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"))
    batch = [
        {"Id": "1", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
        {"Id": "2", "MessageBody": "x", "MessageDeduplicationId": "2"},
    ]
    with pytest.raises(ClientError) as refusal:
        sqs.send_message_batch(QueueUrl=url, Entries=batch)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert receive(sqs, url, WaitTimeSeconds=0) == []


def test_send_message_with_content_based_deduplication_drops_the_same_body(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"), ContentBasedDeduplication="true")
    for body in ("same", "same", "other"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    messages = receive(sqs, url, AttributeNames=["All"])
    assert bodies(messages) == ["same", "other"]
    assert len(messages[0]["Attributes"]["MessageDeduplicationId"]) == 64


def test_send_message_with_deduplication_by_group_drops_within_the_group_only(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"), DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send(sqs, url, "one", group="a", dedup="id")
    send(sqs, url, "two", group="b", dedup="id")
    send(sqs, url, "three", group="a", dedup="id")
    assert bodies(receive(sqs, url)) == ["one", "two"]


def test_receive_message_from_a_group_in_flight_gets_only_other_groups(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"))
    for body in ("a1", "a2", "b1", "a3"):
        send(sqs, url, body, group=body[0])
    first = receive(sqs, url, limit=1)
    assert bodies(first) == ["a1"]
    assert bodies(receive(sqs, url)) == ["b1"]
    assert receive(sqs, url, WaitTimeSeconds=0) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert bodies(receive(sqs, url)) == ["a2", "a3"]


@pytest.mark.parametrize(("freed", "expected"), [([0], ["foo"]), ([0, 1], ["foo", "bar"]), ([1, 2], [])])
def test_change_message_visibility_frees_a_group_up_to_the_first_in_flight(
    sqs: Any, freed: list[int], expected: list[str], unique: Unique
) -> None:
    """Recorded from AWS: what stands before the first message in flight may be received."""
    url = make_queue(sqs, unique("q.fifo"))
    for body in ("foo", "bar", "baz"):
        send(sqs, url, body)
    messages = receive(sqs, url)
    for index in freed:
        handle = messages[index]["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert bodies(receive(sqs, url, WaitTimeSeconds=5 if expected else 0)) == expected


def test_receive_message_again_after_a_deletion_is_refused(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"))
    send(sqs, url, "1")
    message = receive(sqs, url, ReceiveRequestAttemptId="try")[0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(ClientError, match="is not valid anymore since the receive call is not retryable"):
        receive(sqs, url, ReceiveRequestAttemptId="try")


def test_set_queue_attributes_cannot_make_a_fifo_queue_standard(sqs: Any, unique: Unique) -> None:
    url = make_queue(sqs, unique("q.fifo"))
    with pytest.raises(sqs.exceptions.InvalidAttributeValue, match="Modifying queue type is not supported"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "false"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["FifoQueue"] == "true"
    assert found["DeduplicationScope"] == "queue"
    assert found["FifoThroughputLimit"] == "perQueue"
    assert found["ContentBasedDeduplication"] == "false"
