"""Goal: FIFO topics number, group and deduplicate as SNS does, into FIFO and standard queues."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.support import refusal
from tests.aws.topics import Topics


def test_publish_to_fifo_topic_keeps_order_group_and_sequence(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic("orders.fifo"), topics.queue("inbox.fifo")
    topics.subscribe(topic, queue)
    answers = [
        sns.publish(TopicArn=topic, Message=f"m{n}", MessageGroupId="g", MessageDeduplicationId=f"d{n}")
        for n in range(3)
    ]
    received = topics.arrived(queue, 3)
    bodies = [json.loads(message["Body"]) for message in received]
    assert [body["Message"] for body in bodies] == ["m0", "m1", "m2"]
    assert [body["SequenceNumber"] for body in bodies] == [answer["SequenceNumber"] for answer in answers]
    assert sorted(answer["SequenceNumber"] for answer in answers) == [answer["SequenceNumber"] for answer in answers]
    assert "Signature" not in bodies[0]
    assert received[0]["Attributes"]["MessageGroupId"] == "g"
    assert received[0]["Attributes"]["MessageDeduplicationId"] == "d0"


def test_publish_same_deduplication_id_is_delivered_once_and_answered_alike(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic("orders.fifo"), topics.queue("inbox.fifo")
    topics.subscribe(topic, queue, RawMessageDelivery="true")
    request = {"TopicArn": topic, "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first = sns.publish(**request, Message="one")
    second = sns.publish(**request, Message="two")
    assert (first["MessageId"], first["SequenceNumber"]) == (second["MessageId"], second["SequenceNumber"])
    assert topics.texts(queue) == ["one"]
    assert "Messages" not in topics.sqs.receive_message(QueueUrl=topics.url(queue))


def test_content_based_deduplication_uses_the_body(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic("orders.fifo", ContentBasedDeduplication="true"), topics.queue("inbox.fifo")
    topics.subscribe(topic, queue)
    for body in ("Test", "Test", "other"):
        sns.publish(TopicArn=topic, Message=body, MessageGroupId="g")
    received = topics.arrived(queue, 2)
    assert [json.loads(message["Body"])["Message"] for message in received] == ["Test", "other"]
    assert received[0]["Attributes"]["MessageDeduplicationId"] == (
        "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25"
    )


def test_deduplication_by_message_group_lets_other_groups_pass(topics: Topics, sns: Any) -> None:
    topic = topics.topic("orders.fifo", FifoThroughputScope="MessageGroup")
    queue = topics.queue("inbox")
    topics.subscribe(topic, queue, RawMessageDelivery="true")
    for group in ("a", "b", "a"):
        sns.publish(TopicArn=topic, Message=group, MessageGroupId=group, MessageDeduplicationId="d")
    assert topics.texts(queue, 2) == ["a", "b"]


def test_fifo_topic_takes_standard_queues_but_no_other_protocol(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic("orders.fifo"), topics.queue("inbox")
    topics.subscribe(topic, queue)
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="g", MessageDeduplicationId="d")
    assert topics.notes(queue) == ["m"]
    arguments = {"TopicArn": topic, "Protocol": "email", "Endpoint": "ann@example.com"}
    assert refusal(sns.subscribe, **arguments) == (
        "InvalidParameter",
        "Invalid parameter: Invalid protocol type: email",
    )


def test_fifo_subscription_needs_a_fifo_dead_letter_queue(topics: Topics, sns: Any) -> None:
    topic = topics.topic("orders.fifo")
    arn = topics.subscribe(topic, topics.queue("inbox.fifo"))
    redrive = json.dumps({"deadLetterTargetArn": topics.queue("dead")})
    change = {"SubscriptionArn": arn, "AttributeName": "RedrivePolicy", "AttributeValue": redrive}
    assert refusal(sns.set_subscription_attributes, **change) == (
        "InvalidParameter",
        "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.",
    )


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        ("t.fifo", {}, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"),
        (
            "t.fifo",
            {"MessageGroupId": "g"},
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or"
            " MessageDeduplicationId provided explicitly",
        ),
        (
            "t",
            {"MessageDeduplicationId": "d"},
            "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter"
            " that is not valid for this topic type",
        ),
    ],
)
def test_publish_fields_wrong_for_the_topic_are_refused(
    topics: Topics, sns: Any, name: Any, request_: Any, message: Any
) -> None:
    topic = topics.topic(name)
    assert refusal(sns.publish, TopicArn=topic, Message="m", **request_) == ("InvalidParameter", message)
    entry = {"Id": "1", "Message": "m", **request_}
    assert refusal(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[entry])[1] == message


def test_standard_topic_hands_the_message_group_on_to_queues(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic("orders"), topics.queue("inbox")
    topics.subscribe(topic, queue)
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="tenant-1")
    (received,) = topics.arrived(queue)
    assert received["Attributes"]["MessageGroupId"] == "tenant-1"
