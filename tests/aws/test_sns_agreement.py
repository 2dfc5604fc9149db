"""Goal: the small decisions of SNS about topics, subscriptions and publishes are those of AWS."""

from __future__ import annotations

import pytest

from tests.aws.support import Unique, refusal
from tests.aws.topics import Topics


def test_repeated_subscribe_agrees_with_fewer_attributes_and_defaults(topics: Topics) -> None:
    topic, queue = topics.topic(), topics.queue()
    arn = topics.subscribe(topic, queue, RawMessageDelivery="TrUe")
    shown = topics.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert shown["RawMessageDelivery"] == "true"
    assert topics.subscribe(topic, queue) == arn
    assert topics.subscribe(topic, queue, RawMessageDelivery="true") == arn
    assert topics.subscribe(topic, queue, FilterPolicyScope="MessageAttributes") == arn
    request = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": {"RawMessageDelivery": "false"}}
    assert refusal(topics.sns.subscribe, **request)[0] == "InvalidParameter"


def test_unsubscribe_of_a_topic_is_refused(topics: Topics) -> None:
    answer = refusal(topics.sns.unsubscribe, SubscriptionArn=topics.topic())
    assert answer == ("InvalidParameter", "Invalid parameter: SubscriptionId")


def test_fifo_topic_false_means_a_standard_topic(topics: Topics, unique: Unique) -> None:
    arn = topics.sns.create_topic(Name=unique("t"), Attributes={"DisplayName": "d"})["TopicArn"]
    assert topics.sns.create_topic(Name=unique("t"), Attributes={"FifoTopic": "false"})["TopicArn"] == arn
    answer = refusal(topics.sns.create_topic, Name=unique("t"), Attributes={"FifoTopic": "true"})
    assert answer == ("InvalidParameter", "Invalid parameter: Topic Name")
    shown = topics.sns.get_topic_attributes(TopicArn=topics.topic("t.fifo"))["Attributes"]
    assert shown["FifoTopic"] == "true"


@pytest.mark.parametrize(("kind", "is_valid"), [("String.", False), ("String.x", True), ("String.  x.", True)])
def test_custom_data_types_need_a_name(topics: Topics, kind: str, is_valid: bool) -> None:
    attribute = {"attr1": {"DataType": kind, "StringValue": "v"}}
    request = {"TopicArn": topics.topic(), "Message": "m", "MessageAttributes": attribute}
    if is_valid:
        assert topics.sns.publish(**request)["MessageId"]
    else:
        assert refusal(topics.sns.publish, **request)[0] == "ParameterValueInvalid"


@pytest.mark.parametrize(
    ("entry_id", "reason"), [("a" * 81, "is too long"), ("a b", "contains an impermissible character")]
)
def test_batch_entry_ids_are_refused_by_name(topics: Topics, entry_id: str, reason: str) -> None:
    request = {"TopicArn": topics.topic(), "PublishBatchRequestEntries": [{"Id": entry_id, "Message": "m"}]}
    assert refusal(topics.sns.publish_batch, **request) == (
        "InvalidBatchEntryId",
        f"The Id of a batch entry in the batch request {reason}: {entry_id}",
    )


def test_fifo_topic_keeps_its_groups_from_standard_queues(topics: Topics) -> None:
    topic, queue = topics.topic("t.fifo"), topics.queue()
    topics.subscribe(topic, queue)
    topics.sns.publish(TopicArn=topic, Message="m", MessageGroupId="g", MessageDeduplicationId="d")
    (message,) = topics.arrived(queue)
    assert "MessageGroupId" not in message["Attributes"]


def test_a_message_attribute_without_a_type_is_named_by_its_path(topics: Topics) -> None:
    topic, attributes = topics.topic(), {"attr1": {"StringValue": "x"}}
    wanted = "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null"
    place = "messageAttributes.attr1.member.dataType"
    alone = refusal(topics.sns.publish, TopicArn=topic, Message="m", MessageAttributes=attributes)
    assert alone == ("ValidationError", wanted.format(place))
    entries = [{"Id": "1", "Message": "m", "MessageAttributes": attributes}]
    batch = refusal(topics.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)
    assert batch == ("ValidationError", wanted.format(f"publishBatchRequestEntries.1.member.{place}"))
