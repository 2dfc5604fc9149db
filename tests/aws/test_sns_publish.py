"""Goal: what is published arrives in every queue that wants it, enveloped or raw, and refusals never fail a publish."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.aws.support import Unique, refusal
from tests.aws.topics import Topics


def test_publish_arrives_enveloped_with_subject_and_attributes(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    subscription = topics.subscribe(topic, queue)
    message_id = sns.publish(
        TopicArn=topic,
        Message='{"orderId": "1"}',
        Subject="New order",
        MessageAttributes={"total": {"DataType": "Number", "StringValue": "9.50"}},
    )["MessageId"]
    (received,) = topics.arrived(queue)
    assert "MessageAttributes" not in received
    body = json.loads(received["Body"])
    assert body["UnsubscribeURL"].endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    assert (body["Type"], body["MessageId"], body["TopicArn"]) == ("Notification", message_id, topic)
    assert (body["Subject"], body["Message"]) == ("New order", '{"orderId": "1"}')
    assert body["MessageAttributes"] == {"total": {"Type": "Number", "Value": "9.50"}}


def test_publish_raw_arrives_as_it_is_with_sqs_attributes(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue, RawMessageDelivery="true")
    attributes = {
        "kind": {"DataType": "String", "StringValue": "order"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
        "tags": {"DataType": "String.Array", "StringValue": '["a"]'},
    }
    sns.publish(TopicArn=topic, Message="plain", MessageAttributes=attributes)
    (received,) = topics.arrived(queue)
    assert received["Body"] == "plain"
    assert received["MessageAttributes"] == attributes


def test_publish_reaches_every_subscription_and_no_other_topic(topics: Topics, sns: Any) -> None:
    topic, other = topics.topic("A"), topics.topic("B")
    first, second, third = (topics.queue(name) for name in ("q1", "q2", "q3"))
    topics.subscribe(topic, first)
    topics.subscribe(topic, second)
    topics.subscribe(other, third)
    sns.publish(TopicArn=topic, Message="m")
    assert [topics.notes(queue) for queue in (first, second)] == [["m"], ["m"]]
    assert "Messages" not in topics.sqs.receive_message(QueueUrl=topics.url(third))


def test_publish_by_target_arn_is_the_same(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue)
    assert sns.publish(TargetArn=topic, Message="m")["MessageId"]
    assert topics.notes(queue) == ["m"]


def test_publish_structure_json_gives_each_protocol_its_text(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue)
    texts = {"default": "for all", "sqs": '{"for": "queues"}'}
    sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
    assert topics.notes(queue) == ['{"for": "queues"}']


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Message": "x" * 262_145}, "InvalidParameter", "Invalid parameter: Message too long"),
        ({"Message": "m", "Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "Odd", "StringValue": "x"}}},
            "ParameterValueInvalid",
            "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is"
            " Binary, Number, and String.",
        ),
    ],
)
def test_publish_invalid_is_refused_in_aws_words(
    topics: Topics, sns: Any, request_: Any, code: Any, message: Any
) -> None:
    assert refusal(sns.publish, TopicArn=topics.topic(), **request_) == (code, message)


def test_maximum_message_size_of_the_topic_counts(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue, RawMessageDelivery="true")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue="1024")
    assert refusal(sns.publish, TopicArn=topic, Message="x" * 1_025)[1] == "Invalid parameter: Message too long"
    sns.publish(TopicArn=topic, Message="x" * 1_024)
    assert [len(body) for body in topics.texts(queue)] == [1_024]


def test_publish_to_closed_or_missing_queue_succeeds_and_goes_to_the_dead_letter_queue(
    topics: Topics, sns: Any, unique: Unique, region: str
) -> None:
    topic, closed, dead = topics.topic(), topics.queue("Closed", open_to_sns=False), topics.queue("Dead")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    gone = f"arn:aws:sqs:{region}:{topics.account}:{unique('Gone')}"
    topics.subscribe(topic, closed, RedrivePolicy=redrive)
    topics.subscribe(topic, gone, RedrivePolicy=redrive, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "String", "StringValue": "1"}})
    enveloped, raw = sorted(topics.arrived(dead, 2), key=lambda message: len(message["Body"]), reverse=True)
    assert json.loads(enveloped["Body"])["Message"] == "m"
    assert (raw["Body"], raw["MessageAttributes"]["a"]["StringValue"]) == ("m", "1")
    assert "Messages" not in topics.sqs.receive_message(QueueUrl=topics.url(closed))


def test_publish_raw_with_more_than_ten_attributes_is_not_delivered_raw(topics: Topics, sns: Any) -> None:
    topic, raw, enveloped = topics.topic(), topics.queue("Raw"), topics.queue("Enveloped")
    topics.subscribe(topic, raw, RawMessageDelivery="true")
    topics.subscribe(topic, enveloped)
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "1"} for number in range(11)}
    sns.publish(TopicArn=topic, Message="m", MessageAttributes=attributes)
    assert len(json.loads(topics.texts(enveloped)[0])["MessageAttributes"]) == 11
    assert "Messages" not in topics.sqs.receive_message(QueueUrl=topics.url(raw))


def test_publish_batch_delivers_all_in_order(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue, RawMessageDelivery="true")
    entries = [{"Id": f"e{number}", "Message": f"m{number}"} for number in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 10
    assert answer["Failed"] == []
    assert topics.texts(queue, 10) == [entry["Message"] for entry in entries]


@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        ([], "EmptyBatchRequest", "The batch request doesn't contain any entries."),
        (
            [{"Id": str(n), "Message": "m"} for n in range(11)],
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        ),
        (
            [{"Id": "1", "Message": "m"}] * 2,
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        ),
        (
            [{"Id": "a b", "Message": "m"}],
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: a b",
        ),
        (
            [{"Id": str(n), "Message": "x" * 131_073} for n in range(2)],
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        ),
        (
            [{"Id": "1", "Message": "m"}, {"Id": "2", "Message": ""}],
            "InvalidParameter",
            "Invalid parameter: Empty message",
        ),
    ],
)
def test_publish_batch_invalid_is_refused_whole(
    topics: Topics, sns: Any, entries: Any, code: Any, message: Any
) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue)
    assert refusal(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == (code, message)
    assert "Messages" not in topics.sqs.receive_message(QueueUrl=topics.url(queue))


def test_publish_unicode_and_binary_survive_the_envelope(topics: Topics, sns: Any) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue)
    text = 'ö§ "£" \\ – ☃ \t end'
    sns.publish(
        TopicArn=topic, Message=text, MessageAttributes={"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    )
    body = json.loads(topics.texts(queue)[0])
    assert body["Message"] == text
    assert base64.b64decode(body["MessageAttributes"]["b"]["Value"]) == b"\x00\xff"


@pytest.mark.parametrize(
    ("scope", "policy", "wanted", "unwanted"),
    [
        (
            "MessageAttributes",
            {"kind": ["order", {"prefix": "re"}]},
            {"kind": {"DataType": "String", "StringValue": "return"}},
            {"kind": {"DataType": "String", "StringValue": "spam"}},
        ),
        (
            "MessageAttributes",
            {"total": [{"numeric": [">", 0, "<=", 100]}]},
            {"total": {"DataType": "Number", "StringValue": "99.12"}},
            {"total": {"DataType": "Number", "StringValue": "111"}},
        ),
    ],
)
def test_filter_policy_on_attributes_chooses(
    topics: Topics, sns: Any, until: Any, scope: Any, policy: Any, wanted: Any, unwanted: Any
) -> None:
    topic, queue = topics.topic(), topics.queue()
    topics.subscribe(topic, queue, FilterPolicy=json.dumps(policy), RawMessageDelivery="true")

    def is_filtered() -> bool:
        """AWS takes a while until a new policy has effect, so each attempt publishes anew."""
        sns.publish(TopicArn=topic, Message="wanted", MessageAttributes=wanted)
        sns.publish(TopicArn=topic, Message="unwanted", MessageAttributes=unwanted)
        sns.publish(TopicArn=topic, Message="bare")
        return [*topics.texts(queue), *topics.bodies(queue)] == ["wanted"]

    until(is_filtered, "only what is wanted to arrive")
