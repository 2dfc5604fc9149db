"""Goal: subscriptions begin, are confirmed, change and end as in SNS."""

from __future__ import annotations

import json
import re
import urllib.request
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


@pytest.fixture
def topic(world: SnsWorld) -> Any:
    return world.topic()


def test_subscribe_own_queue_is_confirmed_at_once(world: SnsWorld, sns: Any, topic: Any, account: str) -> None:
    queue = world.queue()
    arn = world.subscribe(topic, queue)
    assert re.fullmatch(re.escape(topic) + r":[0-9a-f-]{36}", arn)
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] == {
        "SubscriptionArn": arn,
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": queue,
        "Owner": account,
        "SubscriptionPrincipal": f"arn:aws:iam::{account}:user/onebox",
        "ConfirmationWasAuthenticated": "true",
        "PendingConfirmation": "false",
        "RawMessageDelivery": "false",
    }
    listed = {"SubscriptionArn": arn, "Owner": account, "Protocol": "sqs", "Endpoint": queue, "TopicArn": topic}
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [listed]
    assert sns.list_subscriptions()["Subscriptions"] == [listed]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"


def test_subscribe_again_is_the_same_subscription_unless_attributes_differ(
    world: SnsWorld, sns: Any, topic: Any
) -> None:
    queue = world.queue()
    arn = world.subscribe(topic, queue, RawMessageDelivery="true")
    assert world.subscribe(topic, queue) == arn
    assert world.subscribe(topic, queue, RawMessageDelivery="true") == arn
    arguments = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": {"RawMessageDelivery": "false"}}
    assert refusal(sns.subscribe, **arguments) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    )


@pytest.mark.parametrize(
    ("protocol", "endpoint", "message"),
    [
        ("carrier-pigeon", "x", "Invalid parameter: Amazon SNS does not support this protocol string: carrier-pigeon"),
        ("sqs", "http://127.0.0.1/1/q", "Invalid parameter: SQS endpoint ARN"),
        ("lambda", "arn:aws:sqs:us-east-1:1:q", "Invalid parameter: Lambda endpoint ARN"),
        ("https", "http://example.com", "Invalid parameter: Endpoint must match the specified protocol"),
        ("email", "nobody", "Invalid parameter: Email address"),
        ("sms", "call me", "Invalid SMS endpoint: call me"),
        (
            "sqs",
            "arn:aws:sqs:us-east-1:1:q.fifo",
            "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard"
            " SNS topics",
        ),
    ],
)
def test_subscribe_wrong_endpoint_is_refused_in_aws_words(
    sns: Any, topic: Any, protocol: Any, endpoint: Any, message: Any
) -> None:
    arguments = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
    assert refusal(sns.subscribe, **arguments) == ("InvalidParameter", message)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("RawMessageDelivery", "maybe", "RawMessageDelivery: Invalid value [maybe]. Must be true or false."),
        (
            "FilterPolicyScope",
            "Everything",
            "FilterPolicyScope: Invalid value [Everything]. Please use either MessageBody or MessageAttributes",
        ),
        ("RedrivePolicy", '{"deadLetterTargetArn": "here"}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ("FilterPolicy", '{"a": [["b"]]}', "FilterPolicy: Match value must be String, number, true, false, or null"),
    ],
)
def test_subscription_attribute_invalid_is_refused_when_subscribing_and_later(
    world: SnsWorld, sns: Any, topic: Any, name: Any, value: Any, reason: Any
) -> None:
    queue = world.queue()
    arguments = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": {name: value}}
    assert refusal(sns.subscribe, **arguments) == (
        "InvalidParameter",
        f"Invalid parameter: Attributes Reason: {reason}",
    )
    arn = world.subscribe(topic, queue)
    later = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
    assert refusal(sns.set_subscription_attributes, **later) == ("InvalidParameter", f"Invalid parameter: {reason}")


def test_set_subscription_attributes_unknown_name_and_subscription_are_refused(
    world: SnsWorld, sns: Any, topic: Any
) -> None:
    arn = world.subscribe(topic, world.queue())
    unknown = {"SubscriptionArn": arn, "AttributeName": "Odd", "AttributeValue": "1"}
    assert refusal(sns.set_subscription_attributes, **unknown) == (
        "InvalidParameter",
        "Invalid parameter: AttributeName",
    )
    missing = {"SubscriptionArn": topic + ":none", "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    assert refusal(sns.set_subscription_attributes, **missing) == ("NotFound", "Subscription does not exist")


def test_filter_policy_shows_its_scope_and_goes_with_an_empty_value(world: SnsWorld, sns: Any, topic: Any) -> None:
    arn = world.subscribe(topic, world.queue(), FilterPolicy='{"a": ["b"]}')

    def attributes() -> Any:
        return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

    assert (attributes()["FilterPolicy"], attributes()["FilterPolicyScope"]) == ('{"a": ["b"]}', "MessageAttributes")
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="")
    assert not {"FilterPolicy", "FilterPolicyScope"} & attributes().keys()


def test_unsubscribe_ends_deliveries_and_is_idempotent(world: SnsWorld, sns: Any, topic: Any) -> None:
    queue = world.queue()
    arn = world.subscribe(topic, queue)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="m")
    assert world.bodies(queue) == []
    assert refusal(sns.get_subscription_attributes, SubscriptionArn=arn) == ("NotFound", "Subscription does not exist")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    assert refusal(sns.unsubscribe, SubscriptionArn="nonsense") == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
    )


def test_list_subscriptions_by_topic_pages_by_a_hundred(world: SnsWorld, sns: Any, topic: Any) -> None:
    for number in range(101):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"u{number}@example.com")
    first = sns.list_subscriptions_by_topic(TopicArn=topic)
    second = sns.list_subscriptions_by_topic(TopicArn=topic, NextToken=first["NextToken"])
    assert (len(first["Subscriptions"]), len(second["Subscriptions"])) == (100, 1)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "101"


def test_subscribe_email_waits_for_the_token_in_the_log(
    world: SnsWorld, sns: Any, topic: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="onebox.sns")
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")
    assert answer["SubscriptionArn"] == "pending confirmation"
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [subscription["SubscriptionArn"] for subscription in listed] == ["PendingConfirmation"]
    told = re.search(r"Token=([0-9a-f]+)", caplog.text)
    assert told is not None
    token = told[1]
    sns.publish(TopicArn=topic, Message="too early")
    arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"
    sns.publish(TopicArn=topic, Message="hello Ann")
    assert "hello Ann" in caplog.text
    assert "too early" not in caplog.text


def test_subscribe_with_return_subscription_arn_gives_it_while_pending(sns: Any, topic: Any) -> None:
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com", ReturnSubscriptionArn=True)
    assert answer["SubscriptionArn"].startswith(topic + ":")


def test_confirm_subscription_wrong_token_is_refused(sns: Any, topic: Any) -> None:
    assert refusal(sns.confirm_subscription, TopicArn=topic, Token="nonsense") == ("InvalidParameter", "Invalid token")
    assert refusal(sns.confirm_subscription, TopicArn=topic, Token="ab" * 128) == (
        "InvalidParameter",
        "Invalid parameter: Token",
    )


def test_subscribe_queue_of_another_account_asks_that_queue(
    world: SnsWorld, sns: Any, topic: Any, onebox: EngineThread
) -> None:
    owner = SnsWorld(lambda service, **config: onebox.client(service, account="666666666666", **config), "666666666666")
    queue = owner.queue(f"Inbox{world.account}")
    assert world.subscribe(topic, queue) == "pending confirmation"
    (request,) = owner.bodies(queue)
    confirmation = json.loads(request)
    assert confirmation["Type"] == "SubscriptionConfirmation"
    # The link works as it stands, without a signature.
    with urllib.request.urlopen(confirmation["SubscribeURL"]) as answer:
        assert b"<SubscriptionArn>" in answer.read()
    sns.publish(TopicArn=topic, Message="across")
    (note,) = owner.bodies(queue)
    assert json.loads(note)["Message"] == "across"
    # So does the link that ends it.
    with urllib.request.urlopen(json.loads(note)["UnsubscribeURL"]) as answer:
        assert answer.status == 200
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_unsubscribe_link_of_an_authenticated_subscription_is_refused(world: SnsWorld, sns: Any, topic: Any) -> None:
    queue = world.queue()
    world.subscribe(topic, queue)
    sns.publish(TopicArn=topic, Message="m")
    (note,) = world.bodies(queue)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(json.loads(note)["UnsubscribeURL"])
    assert raised.value.code == 403
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


def test_subscriptions_of_strangers_are_not_shown(world: SnsWorld, sns: Any, topic: Any, onebox: EngineThread) -> None:
    arn = world.subscribe(topic, world.queue())
    stranger = onebox.client("sns", account="555555555555")
    assert refusal(stranger.get_subscription_attributes, SubscriptionArn=arn)[0] == "AuthorizationError"
    assert refusal(stranger.unsubscribe, SubscriptionArn=arn)[0] == "AuthorizationError"
