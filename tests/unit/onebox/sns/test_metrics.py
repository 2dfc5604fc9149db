"""Goal: the metrics of topics count what was published, and nothing that was undone."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta, timezone

from onebox.services.context import Principal, RequestContext
from onebox.services.sns.limits import FANOUT_OVERHEAD_BYTES, FANOUT_PARTS_MAX, FANOUTS_BYTES_MAX
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S


class Undo(Exception):
    """Makes a job fail after its work."""


def test_publish_that_is_undone_is_not_counted() -> None:
    with EngineThread(manual_clock=True) as engine:
        topic_arn = engine.client("sns").create_topic(Name="t")["TopicArn"]
        principal = Principal("000000000000", "arn:aws:iam::000000000000:root", "000000000000")
        now_ms = engine.clock.now_ms()
        context = RequestContext("000000000000", "us-east-1", principal, now_ms, "r", engine.endpoint_url)

        def publish(*, undone: bool) -> None:
            engine._engine._catalog.sns.internal.publish_as_caller(context, topic_arn, "hello", {})
            if undone:
                raise Undo

        async def run() -> None:
            storage = engine._engine._storage
            for undone in (True, False, True):
                with contextlib.suppress(Undo):
                    storage.run(lambda undone=undone: publish(undone=undone))  # type: ignore[misc]
            await storage.durable()

        engine.run(run())
        assert count_published(engine) == [1]


def count_published(engine: EngineThread) -> list[float]:
    now = datetime.fromtimestamp(engine.clock.now_ms() / 1000, timezone.utc)
    answer = engine.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SNS",
        MetricName="NumberOfMessagesPublished",
        Dimensions=[{"Name": "TopicName", "Value": "t"}],
        StartTime=now - timedelta(minutes=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return [point["Sum"] for point in answer["Datapoints"]]


def test_publish_to_many_counts_although_the_publisher_hangs_up() -> None:
    with EngineThread(manual_clock=True) as engine:
        sns = engine.client("sns")
        topic_arn = sns.create_topic(Name="t")["TopicArn"]
        for number in range(FANOUT_PARTS_MAX + 1):
            sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:000000000000:{number}")

        async def publish_and_hang_up() -> None:
            principal = Principal("000000000000", "arn:aws:iam::000000000000:root", "000000000000")
            now_ms = engine.clock.now_ms()
            context = RequestContext("000000000000", "us-east-1", principal, now_ms, "r", engine.endpoint_url)
            request = {"TopicArn": topic_arn, "Message": "m"}
            core = engine._engine._catalog.sns._core
            begun = asyncio.ensure_future(engine._engine._pipeline.call(context, "sns", "Publish", request))
            while core.fanout_turns.has_room(FANOUTS_BYTES_MAX - FANOUT_OVERHEAD_BYTES):
                await asyncio.sleep(0)
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)
            assert begun.cancelled()

        engine.run(asyncio.wait_for(publish_and_hang_up(), PATIENCE_S))
        sns.publish(TopicArn=topic_arn, Message="m")
        assert count_published(engine) == [2]
