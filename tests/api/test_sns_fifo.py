"""Goal: FIFO topics number, group and deduplicate as SNS does, into FIFO and standard queues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.sns_world import SnsWorld


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
