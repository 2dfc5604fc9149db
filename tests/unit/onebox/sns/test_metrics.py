"""Goal: the metrics of topics count what was published, and nothing that was undone."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone

from onebox.services.context import Principal, RequestContext
from onebox.testing import EngineThread


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
        now = datetime.fromtimestamp(now_ms / 1000, timezone.utc)
        answer = engine.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName="NumberOfMessagesPublished",
            Dimensions=[{"Name": "TopicName", "Value": "t"}],
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        assert [point["Sum"] for point in answer["Datapoints"]] == [1]
