"""Goal: a message that fails goes to the dead-letter queue at the right receive, and back by a move task."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread


@pytest.fixture
def sqs(timed: EngineThread) -> Any:
    return timed.client("sqs")


def arn_of(sqs: Any, url: str) -> str:
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def make_queues(sqs: Any, receives_max: int = 3, suffix: str = "", **attributes: str) -> tuple[str, str]:
    """A queue and its dead-letter queue."""
    dead_url = sqs.create_queue(QueueName=f"dead{suffix}", Attributes=attributes)["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead_url), "maxReceiveCount": receives_max})
    url = sqs.create_queue(QueueName=f"q{suffix}", Attributes={**attributes, "RedrivePolicy": policy})["QueueUrl"]
    return url, dead_url


def receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def visible(sqs: Any, url: str) -> int:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def fail(sqs: Any, url: str, receives_max: int = 3) -> None:
    for _ in range(receives_max + 1):
        receive(sqs, url)


def test_message_received_three_times_is_dead_lettered_at_the_fourth(sqs: Any, timed: EngineThread) -> None:
    url, dead_url = make_queues(sqs)
    attributes = {"MyAttribute": {"DataType": "String", "StringValue": "foobar"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="message-1", MessageAttributes=attributes)
    for count in ("1", "2", "3"):
        timed.clock.advance(1)
        message = receive(sqs, url)[0]
        assert message["Attributes"]["ApproximateReceiveCount"] == count
        assert visible(sqs, dead_url) == 0
    timed.clock.advance(1)
    assert receive(sqs, url) == []
    dead = receive(sqs, dead_url)[0]
    assert dead["MessageId"] == sent["MessageId"]
    assert dead["MessageAttributes"] == attributes
    assert dead["Attributes"]["SentTimestamp"] == message["Attributes"]["SentTimestamp"]
    assert dead["Attributes"]["ApproximateReceiveCount"] == "4"
    assert dead["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(sqs, url)


def test_message_stays_where_it_is_when_the_dead_letter_queue_is_gone(sqs: Any) -> None:
    url, dead_url = make_queues(sqs, receives_max=1)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.delete_queue(QueueUrl=dead_url)
    assert [len(receive(sqs, url)) for _ in range(3)] == [1, 1, 1]


def test_dead_letter_queue_with_its_own_policy_counts_receives_anew(sqs: Any) -> None:
    last_url = sqs.create_queue(QueueName="last")["QueueUrl"]
    url, dead_url = make_queues(sqs, receives_max=2)
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, last_url), "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=dead_url, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=url, MessageBody="x")
    fail(sqs, url, 2)
    assert [len(receive(sqs, dead_url)) for _ in range(3)] == [1, 1, 0]
    assert len(receive(sqs, last_url)) == 1


def test_fifo_message_that_fails_lets_its_group_go_on(sqs: Any) -> None:
    url, dead_url = make_queues(sqs, receives_max=1, suffix=".fifo", FifoQueue="true")
    for body in ("bad", "good"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=body)
    first = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    assert [m["Body"] for m in first] == ["bad"]
    assert [m["Body"] for m in receive(sqs, url)] == ["good"]
    dead = receive(sqs, dead_url)
    assert [m["Body"] for m in dead] == ["bad"]
    assert dead[0]["Attributes"]["MessageGroupId"] == "g"


def test_start_message_move_task_returns_messages_to_their_source(sqs: Any, timed: EngineThread) -> None:
    url, dead_url = make_queues(sqs, receives_max=1)
    sent = [sqs.send_message(QueueUrl=url, MessageBody=str(n))["MessageId"] for n in range(3)]
    fail(sqs, url, 1)
    source_arn = arn_of(sqs, dead_url)
    assert visible(sqs, dead_url) == 3
    sqs.start_message_move_task(SourceArn=source_arn)
    timed.clock.advance(1)
    back = receive(sqs, url)
    assert [m["Body"] for m in back] == ["0", "1", "2"]
    # AWS: redriven messages are new messages, with a new id and a new time of sending.
    assert not {m["MessageId"] for m in back} & set(sent)
    assert {m["Attributes"]["ApproximateReceiveCount"] for m in back} == {"1"}
    assert "DeadLetterQueueSourceArn" not in back[0]["Attributes"]
    task = sqs.list_message_move_tasks(SourceArn=source_arn)["Results"][0]
    assert task.pop("StartedTimestamp") > 0
    assert task == {
        "Status": "COMPLETED",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": 3,
        "ApproximateNumberOfMessagesToMove": 3,
    }


def test_start_message_move_task_to_another_queue_takes_its_rate(sqs: Any, timed: EngineThread) -> None:
    url, dead_url = make_queues(sqs, receives_max=1)
    other_url = sqs.create_queue(QueueName="other")["QueueUrl"]
    for n in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(n))
    fail(sqs, url, 1)
    source_arn, other_arn = arn_of(sqs, dead_url), arn_of(sqs, other_url)
    handle = sqs.start_message_move_task(
        SourceArn=source_arn, DestinationArn=other_arn, MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    timed.clock.advance(2)
    task = sqs.list_message_move_tasks(SourceArn=source_arn)["Results"][0]
    assert (task["Status"], task["TaskHandle"]) == ("RUNNING", handle)
    assert (task["DestinationArn"], task["MaxNumberOfMessagesPerSecond"]) == (other_arn, 1)
    assert visible(sqs, other_url) == task["ApproximateNumberOfMessagesMoved"] == 2
    with pytest.raises(ClientError, match="There is already a task running"):
        sqs.start_message_move_task(SourceArn=source_arn)
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] == 2
    timed.clock.advance(10)
    assert (visible(sqs, dead_url), visible(sqs, other_url)) == (3, 2)
    task = sqs.list_message_move_tasks(SourceArn=source_arn)["Results"][0]
    assert task["Status"] == "CANCELLED"
    assert "TaskHandle" not in task
    with pytest.raises(ClientError):
        sqs.cancel_message_move_task(TaskHandle=handle)


def test_message_move_task_whose_destination_is_deleted_fails(sqs: Any, timed: EngineThread) -> None:
    url, dead_url = make_queues(sqs, receives_max=1)
    other_url = sqs.create_queue(QueueName="other")["QueueUrl"]
    for n in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(n))
    fail(sqs, url, 1)
    source_arn = arn_of(sqs, dead_url)
    sqs.start_message_move_task(
        SourceArn=source_arn, DestinationArn=arn_of(sqs, other_url), MaxNumberOfMessagesPerSecond=1
    )
    timed.clock.advance(2)
    sqs.delete_queue(QueueUrl=other_url)
    timed.clock.advance(2)
    task = sqs.list_message_move_tasks(SourceArn=source_arn)["Results"][0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert task["ApproximateNumberOfMessagesMoved"] == 2
    assert visible(sqs, dead_url) == 3


def test_message_move_task_of_a_message_without_a_source_fails(sqs: Any, timed: EngineThread) -> None:
    _, dead_url = make_queues(sqs)
    sqs.send_message(QueueUrl=dead_url, MessageBody="sent here directly")
    source_arn = arn_of(sqs, dead_url)
    sqs.start_message_move_task(SourceArn=source_arn)
    timed.clock.advance(1)
    task = sqs.list_message_move_tasks(SourceArn=source_arn)["Results"][0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert visible(sqs, dead_url) == 1


def test_start_message_move_task_that_breaks_a_rule_is_refused(sqs: Any) -> None:
    url, dead_url = make_queues(sqs)
    arn, dead_arn = arn_of(sqs, url), arn_of(sqs, dead_url)
    with pytest.raises(ClientError, match="Source queue must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=arn)
    with pytest.raises(ClientError, match="specified for the DestinationArn parameter doesn't exist"):
        sqs.start_message_move_task(SourceArn=dead_arn, DestinationArn=arn + "x")
    with pytest.raises(sqs.exceptions.ResourceNotFoundException) as refusal:
        sqs.start_message_move_task(SourceArn=arn + "x")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ClientError, match="MaxNumberOfMessagesPerSecond"):
        sqs.start_message_move_task(SourceArn=dead_arn, MaxNumberOfMessagesPerSecond=501)
    with pytest.raises(ClientError, match="Value for parameter TaskHandle is invalid"):
        sqs.cancel_message_move_task(TaskHandle="foobared")
