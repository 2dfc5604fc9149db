"""Goal: FIFO topics number, group and deduplicate as SNS does, into FIFO and standard queues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onebox.services.sns.operations import publishing
from onebox.testing import EngineThread
from tests.api.sns_world import SnsWorld, refusal


@pytest.fixture
def world(client: Callable[..., Any], account: str) -> SnsWorld:
    return SnsWorld(client, account)


def test_deduplication_ends_after_five_minutes(timed: EngineThread) -> None:
    world = SnsWorld(lambda service, **config: timed.client(service, account="111111111111", **config), "111111111111")
    topic, queue = world.topic("orders.fifo"), world.queue("inbox")
    world.subscribe(topic, queue, RawMessageDelivery="true")
    request = {"TopicArn": topic, "Message": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    world.sns.publish(**request)
    timed.clock.advance(299)
    world.sns.publish(**request)
    assert world.bodies(queue) == ["m"]
    timed.clock.advance(1)
    world.sns.publish(**request)
    assert world.bodies(queue) == ["m"]


def test_a_batch_of_many_deliveries_comes_one_message_in_each_transaction(
    timed: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SnsWorld(lambda service, **config: timed.client(service, account="111111111111", **config), "111111111111")
    monkeypatch.setattr("onebox.services.sns.operations.publishing.FANOUT_PARTS_MAX", 3)
    topic, queues = world.topic("orders.fifo"), [world.queue(f"inbox-{number}.fifo") for number in range(3)]
    for queue in queues:
        world.subscribe(topic, queue, RawMessageDelivery="true")
    entries = [
        {"Id": str(n), "Message": str(n), "MessageGroupId": "g", "MessageDeduplicationId": str(n)} for n in range(4)
    ]
    delivered: list[int] = []
    deliver = publishing._deliver_fifo

    def note(core: Any, context: Any, topic: Any, messages: Any, decided: Any) -> Any:
        delivered.append(len(messages))
        return deliver(core, context, topic, messages, decided)

    monkeypatch.setattr(publishing, "_deliver_fifo", note)
    first, again = (
        world.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"] for _ in range(2)
    )
    assert delivered == [1] * 8
    assert first == again
    assert [one["SequenceNumber"] for one in first] == sorted(one["SequenceNumber"] for one in first)
    for queue in queues:
        assert world.bodies(queue) == ["0", "1", "2", "3"]


def test_a_fifo_topic_has_100_subscriptions_at_most(world: SnsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebox.services.sns.operations.subscriptions.FIFO_SUBSCRIPTIONS_MAX", 2)
    topic, queues = world.topic("orders.fifo"), [world.queue(f"inbox-{number}.fifo") for number in range(3)]
    for queue in queues[:2]:
        world.subscribe(topic, queue)
    world.subscribe(topic, queues[0])  # it is there already
    refused = refusal(lambda: world.subscribe(topic, queues[2]))
    assert refused[0] == "SubscriptionLimitExceeded"


NESTED = {"FilterPolicy": '{"a": {"b": ["x"]}}', "FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true"}


def test_filters_that_take_many_turns_are_asked_before_the_fan_out(
    world: SnsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onebox.services.sns.fanout_turns.FANOUT_PARTS_MAX", 2)
    topic, queues = world.topic("orders.fifo"), [world.queue(f"inbox-{number}.fifo") for number in range(5)]
    for queue in queues:
        world.subscribe(topic, queue, **NESTED)
    fitting, other = '{"a": {"b": "x"}}', '{"a": {"b": "y"}}'
    entries = [
        {"Id": str(n), "Message": body, "MessageGroupId": "g", "MessageDeduplicationId": str(n)}
        for n, body in enumerate((fitting, other, fitting + " "))
    ]
    first, again = (
        world.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"] for _ in range(2)
    )
    assert first == again
    world.sns.publish(TopicArn=topic, Message=fitting + "  ", MessageGroupId="g", MessageDeduplicationId="last")
    for queue in queues:
        assert world.bodies(queue) == [fitting, fitting + " ", fitting + "  "]


def test_publish_to_a_topic_that_is_deleted_while_its_filters_are_asked_is_refused(
    timed: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SnsWorld(lambda service, **config: timed.client(service, account="111111111111", **config), "111111111111")
    topic = world.topic("orders.fifo")
    world.subscribe(topic, world.queue("inbox.fifo"), **NESTED)
    monkeypatch.setattr("onebox.services.sns.fanout_turns.FANOUT_PARTS_MAX", 1)
    cache = timed._engine._catalog.sns._core.cache
    find, looked = cache.find, []

    def find_and_delete(topic_arn: str) -> object:
        """The topic is gone when the publish looks for it again."""
        looked.append(topic_arn)
        return find(topic_arn) if len(looked) == 1 else None

    monkeypatch.setattr(cache, "find", find_and_delete)
    request = {"TopicArn": topic, "Message": '{"a": {"b": "x"}}', "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    assert refusal(world.sns.publish, **request)[0] == "NotFound"
    assert len(looked) == 2
