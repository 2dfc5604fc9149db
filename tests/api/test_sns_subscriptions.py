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
