"""Goal: what is published arrives in every queue that wants it, enveloped or raw, and refusals never fail a publish."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.sns_world import SnsWorld, refusal


@pytest.fixture
def world(client: Callable[..., Any], account: str) -> SnsWorld:
    return SnsWorld(client, account)


@pytest.fixture
def sns(world: SnsWorld) -> Any:
    return world.sns


def test_publish_arrives_enveloped_with_subject_and_attributes(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    subscription = world.subscribe(topic, queue)
    message_id = sns.publish(
        TopicArn=topic,
        Message='{"orderId": "1"}',
        Subject="New order",
        MessageAttributes={"total": {"DataType": "Number", "StringValue": "9.50"}},
    )["MessageId"]
    (received,) = world.received(queue)
    assert "MessageAttributes" not in received
    assert received["Attributes"]["SenderId"] == "AIDAIT2UOQQY3AUEKVGXU"
    body = json.loads(received["Body"])
    assert body["UnsubscribeURL"].endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    assert (body["Type"], body["MessageId"], body["TopicArn"]) == ("Notification", message_id, topic)
    assert (body["Subject"], body["Message"]) == ("New order", '{"orderId": "1"}')
    assert body["MessageAttributes"] == {"total": {"Type": "Number", "Value": "9.50"}}


def test_publish_raw_arrives_as_it_is_with_sqs_attributes(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue, RawMessageDelivery="true")
    attributes = {
        "kind": {"DataType": "String", "StringValue": "order"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
        "tags": {"DataType": "String.Array", "StringValue": '["a"]'},
    }
    sns.publish(TopicArn=topic, Message="plain", MessageAttributes=attributes)
    (received,) = world.received(queue)
    assert received["Body"] == "plain"
    assert received["MessageAttributes"] == attributes


def test_publish_reaches_every_subscription_and_no_other_topic(world: SnsWorld, sns: Any) -> None:
    topic, other = world.topic("A"), world.topic("B")
    first, second, third = (world.queue(name) for name in ("q1", "q2", "q3"))
    world.subscribe(topic, first)
    world.subscribe(topic, second)
    world.subscribe(other, third)
    sns.publish(TopicArn=topic, Message="m")
    assert [len(world.bodies(queue)) for queue in (first, second, third)] == [1, 1, 0]


def test_publish_by_target_arn_is_the_same(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue)
    assert sns.publish(TargetArn=topic, Message="m")["MessageId"]
    assert len(world.bodies(queue)) == 1


def test_publish_structure_json_gives_each_protocol_its_text(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue)
    texts = {"default": "for all", "sqs": '{"for": "queues"}'}
    sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
    assert [json.loads(body)["Message"] for body in world.bodies(queue)] == ['{"for": "queues"}']


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
    world: SnsWorld, sns: Any, request_: Any, code: Any, message: Any
) -> None:
    assert refusal(sns.publish, TopicArn=world.topic(), **request_) == (code, message)


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ({}, "InvalidParameter", "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"),
        (
            {"TopicArn": "a:b"},
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2",
        ),
        (
            {"TargetArn": "arn:aws:sns:us-east-1:1:endpoint/APNS/app/id"},
            "InvalidParameter",
            "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
        ),
        (
            {"PhoneNumber": "+441234567890"},
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: SMS is not available",
        ),
    ],
)
def test_publish_to_no_topic_is_refused(sns: Any, target: Any, code: Any, message: Any) -> None:
    assert refusal(sns.publish, Message="m", **target) == (code, message)


def test_maximum_message_size_of_the_topic_counts(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue, RawMessageDelivery="true")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue="1024")
    assert refusal(sns.publish, TopicArn=topic, Message="x" * 1_025)[1] == "Invalid parameter: Message too long"
    sns.publish(TopicArn=topic, Message="x" * 1_024)
    assert [len(body) for body in world.bodies(queue)] == [1_024]


def test_publish_to_closed_or_missing_queue_succeeds_and_goes_to_the_dead_letter_queue(
    world: SnsWorld, sns: Any
) -> None:
    topic, closed, dead = world.topic(), world.queue("Closed", open_to_sns=False), world.queue("Dead")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    gone = f"arn:aws:sqs:us-east-1:{world.account}:Gone"
    world.subscribe(topic, closed, RedrivePolicy=redrive)
    world.subscribe(topic, gone, RedrivePolicy=redrive, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "String", "StringValue": "1"}})
    enveloped, raw = world.received(dead)
    assert json.loads(enveloped["Body"])["Message"] == "m"
    assert (raw["Body"], raw["MessageAttributes"]["a"]["StringValue"]) == ("m", "1")
    assert world.bodies(closed) == []


def test_publish_raw_with_more_than_ten_attributes_is_not_delivered_raw(world: SnsWorld, sns: Any) -> None:
    topic, raw, enveloped = world.topic(), world.queue("Raw"), world.queue("Enveloped")
    world.subscribe(topic, raw, RawMessageDelivery="true")
    world.subscribe(topic, enveloped)
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "1"} for number in range(11)}
    sns.publish(TopicArn=topic, Message="m", MessageAttributes=attributes)
    assert world.bodies(raw) == []
    assert len(json.loads(world.bodies(enveloped)[0])["MessageAttributes"]) == 11


def test_publish_batch_delivers_all_in_order(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue, RawMessageDelivery="true")
    entries = [{"Id": f"e{number}", "Message": f"m{number}"} for number in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 10
    assert answer["Failed"] == []
    assert sorted(world.bodies(queue)) == [entry["Message"] for entry in entries]


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
    world: SnsWorld, sns: Any, entries: Any, code: Any, message: Any
) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue)
    assert refusal(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == (code, message)
    assert world.bodies(queue) == []


def test_publish_unicode_and_binary_survive_the_envelope(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue)
    text = 'ö§ "£" \\ – ☃ \t end'
    sns.publish(
        TopicArn=topic, Message=text, MessageAttributes={"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    )
    body = json.loads(world.bodies(queue)[0])
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
    world: SnsWorld, sns: Any, scope: Any, policy: Any, wanted: Any, unwanted: Any
) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue, FilterPolicy=json.dumps(policy), RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="wanted", MessageAttributes=wanted)
    sns.publish(TopicArn=topic, Message="unwanted", MessageAttributes=unwanted)
    sns.publish(TopicArn=topic, Message="bare")
    assert world.bodies(queue) == ["wanted"]


def test_filter_policy_on_body_chooses_and_changes_at_once(world: SnsWorld, sns: Any) -> None:
    topic, queue = world.topic(), world.queue()
    policy = json.dumps({"customer": {"country": ["GB"]}})
    arn = world.subscribe(topic, queue, FilterPolicy=policy, FilterPolicyScope="MessageBody", RawMessageDelivery="true")
    wanted, unwanted = '{"customer": {"country": "GB"}}', '{"customer": {"country": "FR"}}'
    for body in (wanted, unwanted, "no json"):
        sns.publish(TopicArn=topic, Message=body)
    assert world.bodies(queue) == [wanted]
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{}")
    sns.publish(TopicArn=topic, Message=unwanted)
    assert world.bodies(queue) == [unwanted]


def test_publish_counts_in_the_topics_metrics(timed: EngineThread) -> None:
    world = SnsWorld(lambda service, **config: timed.client(service, account="111111111111", **config), "111111111111")
    topic = world.topic()
    world.subscribe(topic, world.queue("Open"))
    world.subscribe(topic, world.queue("Closed", open_to_sns=False))
    world.subscribe(topic, world.queue("Choosy"), FilterPolicy='{"kind": ["order"]}')
    for body in ("12345", "123"):
        world.sns.publish(TopicArn=topic, Message=body)
    cloudwatch = timed.client("cloudwatch", account="111111111111")
    now_s = timed.clock.now_ms() // 1000

    def total(metric: Any, statistic: Any = "Sum") -> Any:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName=metric,
            Dimensions=[{"Name": "TopicName", "Value": "Orders"}],
            StartTime=now_s - 300,
            EndTime=now_s + 300,
            Period=300,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(point[statistic] for point in points)

    assert total("NumberOfMessagesPublished") == 2
    assert (total("PublishSize"), total("PublishSize", "Maximum")) == (8, 5)
    assert total("NumberOfNotificationsDelivered") == 2
    assert total("NumberOfNotificationsFailed") == 2
    assert total("NumberOfNotificationsFilteredOut") == 2
    assert total("NumberOfNotificationsFilteredOut-NoMessageAttributes") == 2


def test_publish_to_missing_function_goes_to_the_dead_letter_queue(world: SnsWorld, sns: Any) -> None:
    topic, dead = world.topic(), world.queue("Dead")
    function = f"arn:aws:lambda:us-east-1:{world.account}:function:Gone"
    redrive = json.dumps({"deadLetterTargetArn": dead})
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function, Attributes={"RedrivePolicy": redrive})
    sns.publish(TopicArn=topic, Message="m")
    assert [json.loads(body)["Message"] for body in world.bodies(dead)] == ["m"]


def test_publish_from_another_account_is_delivered_in_the_topics_name(
    world: SnsWorld, sns: Any, onebox: EngineThread
) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"StringEquals": {"aws:SourceAccount": world.account}, "ArnEquals": {"aws:SourceArn": topic}},
    }
    url = world.sqs.get_queue_url(QueueName="Inbox")["QueueUrl"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.add_permission(TopicArn=topic, Label="guest", AWSAccountId=["444444444444"], ActionName=["Publish"])
    onebox.client("sns", account="444444444444").publish(TopicArn=topic, Message="m")
    assert len(world.bodies(queue)) == 1
