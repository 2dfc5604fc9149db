"""Goal: what is published arrives in every queue that wants it, enveloped or raw, and refusals never fail a publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from onebox.services.sns.limits import FANOUT_PARTS_MAX
from onebox.testing import EngineThread
from tests.api.sns_world import SnsWorld, refusal


@pytest.fixture
def world(client: Callable[..., Any], account: str) -> SnsWorld:
    return SnsWorld(client, account)


@pytest.fixture
def sns(world: SnsWorld) -> Any:
    return world.sns


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


@pytest.mark.parametrize("is_batch", [False, True])
def test_publish_to_more_subscriptions_than_one_turn_serves_is_answered_when_all_have_it(
    world: SnsWorld, sns: Any, is_batch: bool
) -> None:
    topic, queue = world.topic(), world.queue()
    for number in range(FANOUT_PARTS_MAX + 1):
        world.subscribe(topic, f"{queue}-missing-{number}")
    world.subscribe(topic, queue)
    if is_batch:
        entries = [{"Id": str(number), "Message": str(number)} for number in range(10)]
        answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        sent = [one["MessageId"] for one in answer["Successful"]]
    else:
        sent = [sns.publish(TopicArn=topic, Message="x")["MessageId"]]
    assert [json.loads(message["Body"])["MessageId"] for message in world.received(queue)] == sent


def test_publish_to_many_while_too_many_are_under_way_is_refused_and_delivers_nothing(
    world: SnsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, narrow, queue = world.topic("wide"), world.topic("narrow"), world.queue()
    world.subscribe(wide, queue)
    world.subscribe(narrow, queue)
    for number in range(FANOUT_PARTS_MAX):
        world.subscribe(wide, f"{queue}-missing-{number}")
    monkeypatch.setattr("onebox.services.sns.fanout_turns.FANOUTS_BYTES_MAX", 0)
    assert refusal(lambda: world.sns.publish(TopicArn=wide, Message="x"))[0] == "Throttling"
    world.sns.publish(TopicArn=narrow, Message="y")
    assert [json.loads(body)["Message"] for body in world.bodies(queue)] == ["y"]


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
