"""Goal: topics, subscriptions and publishes that used to differ from AWS in small ways do not any more."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.sns_world import SnsWorld


@pytest.fixture
def world(client: Any, account: str) -> SnsWorld:
    return SnsWorld(client, account)


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def test_text_message_subscriptions_need_no_confirmation(world: SnsWorld) -> None:
    topic = world.topic()
    arn = world.sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+1-555.123 4567")["SubscriptionArn"]
    shown = world.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (shown["PendingConfirmation"], shown["ConfirmationWasAuthenticated"]) == ("false", "true")
    (listed,) = world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == arn


@pytest.mark.parametrize("endpoint", ["+15--551234567", "NAA+15551234567", "+15551234567.", "/+15551234567"])
def test_malformed_phone_numbers_are_refused(world: SnsWorld, endpoint: str) -> None:
    request = {"TopicArn": world.topic(), "Protocol": "sms", "Endpoint": endpoint}
    assert refusal(world.sns.subscribe, **request) == ("InvalidParameter", f"Invalid SMS endpoint: {endpoint}")
    assert refusal(world.sns.publish, PhoneNumber=endpoint, Message="x") == (
        "InvalidParameter",
        f"Invalid parameter: PhoneNumber Reason: {endpoint} is not valid to publish to",
    )


def test_trace_header_of_a_publish_arrives_with_the_message(world: SnsWorld) -> None:
    topic, queue = world.topic(), world.queue()
    world.subscribe(topic, queue)
    world.sns.meta.events.register(
        "before-call.sns", lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": "Root=1-2-3"})
    )
    world.sns.publish(TopicArn=topic, Message="m")
    (message,) = world.received(queue)
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-2-3"
