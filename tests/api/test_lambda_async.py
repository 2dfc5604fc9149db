"""Goal: accepted events are run, retried and in the end set aside, as on AWS, and none is forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.lambda_support import (
    counts,
    log_messages,
    make_function,
    make_queue,
    make_role,
)
from tests.polling import until

FAILING = "def handler(event, context):\n    print('attempt')\n    raise ValueError('always')\n"


def attempts(client: Callable[..., Any]) -> Any:
    return log_messages(client).count("attempt\n")


def test_invoke_event_is_accepted_and_runs(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    print('got', event['n'])\n")
    answer = client("lambda").invoke(FunctionName="function", InvocationType="Event", Payload=b'{"n": 7}')
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    until(lambda: "got 7\n" in log_messages(client), "the event's output")


def test_invoke_event_failing_is_tried_three_times_and_goes_to_the_dead_letter_queue(timed: EngineThread) -> None:
    client = timed.client
    role = make_role(client)
    url, arn = make_queue(client, "dead")
    make_function(client, FAILING, Role=role, DeadLetterConfig={"TargetArn": arn})
    client("lambda").invoke(FunctionName="function", InvocationType="Event", Payload=b'{"n": 7}')
    until(lambda: attempts(client) == 1, "the first attempt")
    timed.clock.advance(59)
    assert attempts(client) == 1
    timed.clock.advance(2)
    until(lambda: attempts(client) == 2, "the second attempt")
    timed.clock.advance(121)
    until(lambda: attempts(client) == 3, "the third attempt")
    until(lambda: counts(client, url) == (1, 0), "the event set aside")
    [message] = client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == {"n": 7}
    attributes = message["MessageAttributes"]
    assert attributes["ErrorCode"]["StringValue"] == "200"
    assert attributes["ErrorMessage"]["StringValue"] == "always"


def test_on_failure_destination_gets_the_record_without_retries(client: Callable[..., Any]) -> None:
    url, arn = make_queue(client, "failed")
    make_function(client, FAILING)
    client("lambda").put_function_event_invoke_config(
        FunctionName="function",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    client("lambda").invoke(FunctionName="function", InvocationType="Event", Payload=b'{"n": 7}')
    until(lambda: counts(client, url) == (1, 0), "the event set aside")
    [message] = client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = json.loads(message["Body"])
    assert record["requestPayload"] == {"n": 7}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_invoke_event_too_large_is_refused(client: Callable[..., Any]) -> None:
    make_function(client, FAILING)
    payload = json.dumps("x" * (1024 * 1024)).encode()
    with pytest.raises(client("lambda").exceptions.RequestTooLargeException, match="Event invocation type"):
        client("lambda").invoke(FunctionName="function", InvocationType="Event", Payload=payload)


def test_restart_resumes_mappings_functions_and_retries(tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    code = f"""
        import os, time
        def handler(event, context):
            while os.path.exists({str(held)!r}):
                time.sleep(0.01)
            print('ran', event.get('n', 'batch'))
    """
    with EngineThread(data=tmp_path / "data") as engine:
        client = engine.client
        make_function(client, dedent(code))
        _, arn = make_queue(client)
        client("lambda").create_event_source_mapping(FunctionName="function", EventSourceArn=arn)
        client("lambda").invoke(FunctionName="function", InvocationType="Event", Payload=b'{"n": 7}')
    held.unlink()
    with EngineThread(data=tmp_path / "data") as engine:
        client = engine.client
        url = client("sqs").get_queue_url(QueueName="queue")["QueueUrl"]
        client("sqs").send_message(QueueUrl=url, MessageBody="x")
        until(lambda: {"ran 7\n", "ran batch\n"} <= set(log_messages(client)), "event and batch")
        until(lambda: counts(client, url) == (0, 0), "an empty queue")


GATED = """
import os, time
def handler(event, context):
    while os.path.exists(event["gate"]):
        time.sleep(0.001)
    print("RAN " + event["name"])
"""


def test_a_throttled_event_is_not_overtaken(paced: EngineThread, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    make_function(paced.client, GATED)
    api = paced.client("lambda")
    api.put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=1)

    def accept(name: str) -> None:
        payload = json.dumps({"gate": str(gate), "name": name})
        api.invoke(FunctionName="function", InvocationType="Event", Payload=payload)

    def ran() -> list[str]:
        return [line.split()[1] for line in log_messages(paced.client) if line.startswith("RAN")]

    def throttled() -> bool:
        found = paced.client("cloudwatch").list_metrics(Namespace="AWS/Lambda", MetricName="Throttles")
        return bool(found["Metrics"])

    api.invoke(FunctionName="function", Payload=json.dumps({"gate": "", "name": "first"}))
    accept("second")
    accept("third")
    until(throttled, "the third to be throttled")
    gate.unlink()
    until(lambda: len(ran()) == 2, "the second to end")
    accept("fourth")

    def all_ran() -> bool:
        paced.clock.advance(1)
        return len(ran()) == 4

    until(all_ran, "all to end")
    assert ran() == ["first", "second", "third", "fourth"]
