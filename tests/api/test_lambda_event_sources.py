"""Goal: messages leave the queue only after the function succeeded with them; all else returns, alone or as a batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import (
    BASIC,
    counts,
    log_messages,
    make_function,
    make_queue,
    make_role,
)
from tests.polling import until

PRINT_EVENT = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n"
FAIL_BAD = """
def handler(event, context):
    print("|".join(record["body"] for record in event["Records"]))
    if any(record["body"] == "bad" for record in event["Records"]):
        raise ValueError("bad")
"""
REPORT_BAD = """
def handler(event, context):
    print("|".join(record["body"] for record in event["Records"]))
    failures = [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad"]
    return {"batchItemFailures": failures}
"""


def connect(client: Callable[..., Any], queue_arn: Any, **settings: Any) -> Any:
    request = {"FunctionName": "function", "EventSourceArn": queue_arn, **settings}
    return client("lambda", parameter_validation=False).create_event_source_mapping(**request)


def send(client: Callable[..., Any], url: Any, *bodies: Any, **parameters: Any) -> None:
    for body in bodies:
        client("sqs").send_message(QueueUrl=url, MessageBody=body, **parameters)


def batches(client: Callable[..., Any]) -> Any:
    """What the function printed: one line a batch."""
    platform = ("INIT_START", "START", "END", "REPORT", "[")
    return [m.rstrip() for m in log_messages(client) if not m.startswith(platform)]


def await_batches(client: Callable[..., Any], wanted: list[str]) -> None:
    until(lambda: batches(client) == wanted, f"the batches {wanted}")


def test_mapping_disabled_takes_nothing_until_it_is_enabled(client: Callable[..., Any]) -> None:
    make_function(client, FAIL_BAD)
    url, arn = make_queue(client)
    uuid = connect(client, arn, Enabled=False)["UUID"]
    send(client, url, "one")
    assert counts(client, url) == (1, 0)
    client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    until(lambda: batches(client) == ["one"], "the message's batch")


def test_failed_batch_returns_after_the_visibility_time_out_and_dies_after_three_receives(timed: EngineThread) -> None:
    client = timed.client
    make_function(client, FAIL_BAD, Timeout=30)
    dead_url, dead_arn = make_queue(client, "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    url, arn = make_queue(client, RedrivePolicy=redrive)
    connect(client, arn)
    send(client, url, "bad")
    for attempt in (1, 2, 3):
        await_batches(client, ["bad"] * attempt)
        assert counts(client, url) == (0, 1)
        timed.clock.advance(29)
        assert batches(client) == ["bad"] * attempt
        timed.clock.advance(1)
    until(lambda: counts(client, dead_url) == (1, 0), "the message set aside")
    assert counts(client, url) == (0, 0)
    assert batches(client) == ["bad"] * 3


def test_reported_failures_return_alone(timed: EngineThread) -> None:
    client = timed.client
    make_function(client, REPORT_BAD)
    url, arn = make_queue(client)
    uuid = connect(client, arn, Enabled=False, FunctionResponseTypes=["ReportBatchItemFailures"])["UUID"]
    send(client, url, "good", "bad", "fine")
    client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    until(lambda: len(batches(client)) == 1, "the batch")
    assert sorted(batches(client)[0].split("|")) == ["bad", "fine", "good"]
    until(lambda: counts(client, url) == (0, 1), "the good messages to be deleted")
    timed.clock.advance(31)
    until(lambda: batches(client)[1:] == ["bad"], "the bad message alone")


@pytest.mark.parametrize(
    "answer",
    ['{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', '{"batchItemFailures": [{}]}', '"text"', "[1]"],
)
def test_malformed_report_deletes_nothing(timed: EngineThread, answer: Any) -> None:
    client = timed.client
    make_function(
        client, f"import json\ndef handler(event, context):\n    print('x')\n    return json.loads('{answer}')\n"
    )
    url, arn = make_queue(client)
    connect(client, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    send(client, url, "one")
    until(lambda: batches(client) == ["x"], "the first attempt")
    assert counts(client, url) == (0, 1)
    timed.clock.advance(31)
    until(lambda: batches(client) == ["x", "x"], "the second attempt")


def test_batching_window_gathers_until_it_closes(timed: EngineThread) -> None:
    client = timed.client
    make_function(client, FAIL_BAD)
    url, arn = make_queue(client)
    connect(client, arn, BatchSize=100, MaximumBatchingWindowInSeconds=20)
    send(client, url, *(str(number) for number in range(12)))
    timed.clock.advance(19)
    assert batches(client) == []
    timed.clock.advance(2)
    [batch] = until(lambda: batches(client), "a batch")
    assert sorted(batch.split("|"), key=int) == [str(number) for number in range(12)]
    until(lambda: counts(client, url) == (0, 0), "an empty queue")


def test_filtered_messages_leave_the_queue_unseen(client: Callable[..., Any]) -> None:
    make_function(client, FAIL_BAD)
    url, arn = make_queue(client)
    pattern = json.dumps({"body": {"status": ["paid"]}})
    created = connect(client, arn, Enabled=False, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert created["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
    send(client, url, '{"status": "open"}', '{"status": "paid"}', "text")
    client("lambda").update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    until(lambda: batches(client) == ['{"status": "paid"}'], "the wanted message")
    until(lambda: counts(client, url) == (0, 0), "an empty queue")


def test_fifo_queue_is_delivered_in_order(client: Callable[..., Any]) -> None:
    make_function(client, FAIL_BAD)
    url, arn = make_queue(client, "queue.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    connect(client, arn, BatchSize=2)
    send(client, url, *"abcdef", MessageGroupId="group")
    until(lambda: counts(client, url) == (0, 0), "an empty queue")
    until(lambda: "".join(batches(client)).replace("|", "") == "abcdef", "all in their order")


def test_function_without_concurrency_leaves_the_messages_alone(timed: EngineThread) -> None:
    client = timed.client
    make_function(client, FAIL_BAD)
    client("lambda").put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
    url, arn = make_queue(client)
    connect(client, arn)
    send(client, url, "one")
    timed.clock.advance(60)
    assert counts(client, url) == (1, 0)
    client("lambda").delete_function_concurrency(FunctionName="function")
    timed.clock.advance(10)

    def has_arrived() -> bool:
        timed.clock.advance(0.2)
        return "one" in batches(client)

    until(has_arrived, "the message's batch")


def test_create_event_source_mapping_role_without_rights_is_refused(client: Callable[..., Any]) -> None:
    make_function(client, PRINT_EVENT, Role=make_role(client, BASIC))
    _, arn = make_queue(client)
    words = "The provided execution role does not have permissions to call ReceiveMessage on SQS"
    with pytest.raises(ClientError, match=words):
        connect(client, arn)


def test_delivery_that_ended_with_onebox_is_no_attempt(tmp_path: Path) -> None:
    code = "import time\ndef handler(event, context):\n    time.sleep(29)\n"
    with EngineThread(data=tmp_path) as engine:
        _, dead_arn = make_queue(engine.client, "dead")
        policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
        url, arn = make_queue(engine.client, RedrivePolicy=policy)
        make_function(engine.client, code)
        engine.client("lambda").create_event_source_mapping(FunctionName="function", EventSourceArn=arn)
        engine.client("sqs").send_message(QueueUrl=url, MessageBody="x")
        until(lambda: counts(engine.client, url) == (0, 1), "the batch")
    for _ in range(4):
        with EngineThread(data=tmp_path) as engine:
            client = engine.client
            url, dead = (client("sqs").get_queue_url(QueueName=name)["QueueUrl"] for name in ("queue", "dead"))
            until(lambda: counts(client, url) == (0, 1), "the batch again")  # noqa: B023 - called at once
            assert counts(client, dead) == (0, 0)
