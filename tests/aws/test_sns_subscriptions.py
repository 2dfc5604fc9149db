"""Goal: subscriptions begin, are confirmed, change and end as in SNS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.aws.support import refusal
from tests.aws.topics import Topics


@pytest.fixture
def topic(topics: Topics) -> Any:
    return topics.topic()


def all_subscriptions(sns: Any) -> list[Any]:
    pages = sns.get_paginator("list_subscriptions").paginate()
    return [subscription for page in pages for subscription in page["Subscriptions"]]


def counted(sns: Any, topic: Any, name: str) -> Any:
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"][name]


def test_subscribe_own_queue_is_confirmed_at_once(
    topics: Topics, sns: Any, topic: Any, account: str, until: Any
) -> None:
    queue = topics.queue()
    arn = topics.subscribe(topic, queue)
    assert re.fullmatch(re.escape(topic) + r":[0-9a-f-]{36}", arn)
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert f"::{account}:" in found.pop("SubscriptionPrincipal")
    assert found == {
        "SubscriptionArn": arn,
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": queue,
        "Owner": account,
        "ConfirmationWasAuthenticated": "true",
        "PendingConfirmation": "false",
        "RawMessageDelivery": "false",
    }
    listed = {"SubscriptionArn": arn, "Owner": account, "Protocol": "sqs", "Endpoint": queue, "TopicArn": topic}
    until(
        lambda: sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [listed], "it in the topic's list"
    )
    until(lambda: listed in all_subscriptions(sns), "it in the account's list")
    until(lambda: counted(sns, topic, "SubscriptionsConfirmed") == "1", "it in the topic's count")


def test_subscribe_again_is_the_same_subscription_unless_attributes_differ(
    topics: Topics, sns: Any, topic: Any
) -> None:
    queue = topics.queue()
    arn = topics.subscribe(topic, queue, RawMessageDelivery="true")
    assert topics.subscribe(topic, queue) == arn
    assert topics.subscribe(topic, queue, RawMessageDelivery="true") == arn
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
    topics: Topics, sns: Any, topic: Any, name: Any, value: Any, reason: Any
) -> None:
    queue = topics.queue()
    arguments = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": {name: value}}
    assert refusal(sns.subscribe, **arguments) == (
        "InvalidParameter",
        f"Invalid parameter: Attributes Reason: {reason}",
    )
    arn = topics.subscribe(topic, queue)
    later = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
    assert refusal(sns.set_subscription_attributes, **later) == ("InvalidParameter", f"Invalid parameter: {reason}")


def test_set_subscription_attributes_unknown_name_and_subscription_are_refused(
    topics: Topics, sns: Any, topic: Any
) -> None:
    arn = topics.subscribe(topic, topics.queue())
    unknown = {"SubscriptionArn": arn, "AttributeName": "Odd", "AttributeValue": "1"}
    assert refusal(sns.set_subscription_attributes, **unknown) == (
        "InvalidParameter",
        "Invalid parameter: AttributeName",
    )
    missing = {"SubscriptionArn": topic + ":none", "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    assert refusal(sns.set_subscription_attributes, **missing) == ("NotFound", "Subscription does not exist")


def test_filter_policy_shows_its_scope_and_goes_with_an_empty_value(topics: Topics, sns: Any, topic: Any) -> None:
    arn = topics.subscribe(topic, topics.queue(), FilterPolicy='{"a": ["b"]}')

    def attributes() -> Any:
        return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

    assert (attributes()["FilterPolicy"], attributes()["FilterPolicyScope"]) == ('{"a": ["b"]}', "MessageAttributes")
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="")
    assert not {"FilterPolicy", "FilterPolicyScope"} & attributes().keys()


def test_unsubscribe_ends_deliveries_and_is_idempotent(topics: Topics, sns: Any, topic: Any, until: Any) -> None:
    queue = topics.queue()
    arn = topics.subscribe(topic, queue)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="m")
    assert "Messages" not in topics.sqs.receive_message(QueueUrl=topics.url(queue))
    assert refusal(sns.get_subscription_attributes, SubscriptionArn=arn) == ("NotFound", "Subscription does not exist")
    until(lambda: counted(sns, topic, "SubscriptionsDeleted") == "1", "it in the topic's count")
    assert refusal(sns.unsubscribe, SubscriptionArn="nonsense") == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
    )


def test_confirm_subscription_wrong_token_is_refused(sns: Any, topic: Any) -> None:
    assert refusal(sns.confirm_subscription, TopicArn=topic, Token="nonsense") == ("InvalidParameter", "Invalid token")
    assert refusal(sns.confirm_subscription, TopicArn=topic, Token="ab" * 128) == (
        "InvalidParameter",
        "Invalid parameter: Token",
    )
