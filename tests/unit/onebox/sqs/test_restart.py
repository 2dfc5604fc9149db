"""Goal: what was acknowledged before a restart goes on after it: messages, timeouts, move tasks."""

from __future__ import annotations

import json
import logging

from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps
from onebox.services.sqs.service import Sqs
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of


def restart(harness: SqsHarness) -> None:
    harness.close_service()
    deps = Deps(harness.storage, harness.clock, harness.sqs.core.ids, MetricBuffer(), logging.getLogger("onebox.test"))
    harness.sqs = Sqs(deps)
    harness.run(harness.sqs.start())


def test_restart_keeps_messages_in_flight_until_their_timeout(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    handle = harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=30)["Messages"][0]["ReceiptHandle"]
    restart(harness)
    assert harness.call("ReceiveMessage", QueueUrl=url) == {}
    harness.advance(30)
    again = harness.call("ReceiveMessage", QueueUrl=url)["Messages"][0]
    assert again["ReceiptHandle"] != handle
    harness.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
    assert harness.stored_counts(url) == (0, 0, 0)


def test_restart_in_the_middle_of_a_move_task_moves_the_rest(harness: SqsHarness) -> None:
    dead_url = harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=redrive)
    for n in range(6):
        harness.call("SendMessage", QueueUrl=url, MessageBody=str(n))
    for _ in range(2):
        harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    assert harness.stored_counts(dead_url) == (6, 0, 0)
    harness.call("StartMessageMoveTask", SourceArn=arn_of(dead_url), MaxNumberOfMessagesPerSecond=1)
    harness.advance(2)
    assert harness.stored_counts(url) == (2, 0, 0)
    restart(harness)
    harness.advance(10)
    assert harness.stored_counts(url) == harness.count_rows(url) == (6, 0, 0)
    assert harness.stored_counts(dead_url) == harness.count_rows(dead_url) == (0, 0, 0)
    task = harness.call("ListMessageMoveTasks", SourceArn=arn_of(dead_url))["Results"][0]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 6)
