"""Goal: events go in under AWS's limits, and come out by time and pattern; AWS shows them seconds later."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Client, Unique

STREAM = "one"
HOUR_MS = 3_600_000


@pytest.fixture
def logs(client: Client) -> Any:
    return client("logs", parameter_validation=False)


@pytest.fixture
def group(logs: Any, unique: Unique) -> str:
    """A group with one stream."""
    name = unique("app")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName=STREAM)
    return name


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


def put(logs: Any, group: str, *events: tuple[int, str], stream: str = STREAM) -> dict[str, Any]:
    wire = [{"timestamp": at_ms, "message": message} for at_ms, message in events]
    answer: dict[str, Any] = logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=wire)
    return answer


def read(logs: Any, group: str, **request: Any) -> tuple[list[str], str, str]:
    answer = logs.get_log_events(logGroupName=group, logStreamName=STREAM, **request)
    messages = [event["message"] for event in answer["events"]]
    return messages, answer["nextForwardToken"], answer["nextBackwardToken"]


def search(logs: Any, group: str, **request: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **request)
    return [event["message"] for page in pages for event in page["events"]]


def test_put_log_events_ignores_sequence_tokens(logs: Any, now_ms: int, group: str, until: Any) -> None:
    event = {"timestamp": now_ms, "message": "m"}
    for token in ("1", "wrong"):
        answer = logs.put_log_events(logGroupName=group, logStreamName=STREAM, logEvents=[event], sequenceToken=token)
        assert len(answer["nextSequenceToken"]) == 56
    until(lambda: read(logs, group)[0] == ["m", "m"], "both events")


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([(1, "b"), (0, "a")], "must be in chronological order"),
        ([(0, "a"), (24 * HOUR_MS + 1, "b")], "cannot span more than 24 hours"),
        ([(0, "x" * 1_048_576)], "Upload too large: 1048602 bytes exceeds limit of 1048576"),
        ([(0, "")], "at 'logEvents.1.member.message' failed"),
        ([], "at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ([(0, "m")] * 10_001, "Member must have length less than or equal to 10000"),
    ],
)
def test_put_log_events_beyond_a_limit_stores_nothing(
    logs: Any, now_ms: int, events: list[tuple[int, str]], text: str, group: str
) -> None:
    with pytest.raises(ClientError) as caught:
        put(logs, group, *((now_ms - 24 * HOUR_MS + at_ms, message) for at_ms, message in events))
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert text in caught.value.response["Error"]["Message"]
    assert read(logs, group)[0] == []


def test_get_log_events_takes_the_start_and_leaves_the_end_out(logs: Any, now_ms: int, group: str, until: Any) -> None:
    put(logs, group, *((now_ms + n, str(n)) for n in range(4)))
    until(lambda: len(read(logs, group, startFromHead=True)[0]) == 4, "the four events")
    assert read(logs, group, startTime=now_ms + 1, endTime=now_ms + 3, startFromHead=True)[0] == ["1", "2"]
    with pytest.raises(ClientError, match="nextToken is invalid"):
        read(logs, group, nextToken="f/abc/s")


def test_filter_log_events_refuses_what_aws_refuses(logs: Any, group: str) -> None:
    with pytest.raises(ClientError, match="log stream does not exist"):
        search(logs, group, logStreamNames=["none"])
    with pytest.raises(ClientError, match="logStreamNames and logStreamNamePrefix"):
        search(logs, group, logStreamNames=[STREAM], logStreamNamePrefix="o")
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        search(logs, group, filterPattern="{ $.a ")
    with pytest.raises(ClientError, match="startFromHead"):
        search(logs, group, startFromHead=False, startTime=0)


def test_filter_log_events_by_pattern(logs: Any, now_ms: int, group: str, until: Any) -> None:
    put(
        logs,
        group,
        (now_ms, '{"level": "ERROR", "status": 500}'),
        (now_ms, '{"level": "INFO"}'),
        (now_ms, "ERROR plain"),
    )
    until(lambda: len(search(logs, group)) == 3, "the three events")
    assert search(logs, group, filterPattern='{ $.level = "ERROR" && $.status >= 500 }') == [
        '{"level": "ERROR", "status": 500}'
    ]
    assert search(logs, group, filterPattern="ERROR -level") == ["ERROR plain"]
