"""Goal: events go in under AWS's limits and come out in order, by AWS's tokens, none lost and none twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.polling import PATIENCE_S

GROUP, STREAM = "/app", "one"
HOUR_MS = 3_600_000


@pytest.fixture
def logs(timed: EngineThread) -> Any:
    """A client of an engine whose time stands still, with one group and one stream."""
    logs = timed.client("logs", parameter_validation=False)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return logs


@pytest.fixture
def now_ms(timed: EngineThread) -> int:
    return timed.clock.now_ms()


def put(logs: Any, *events: tuple[int, str], stream: str = STREAM) -> dict[str, Any]:
    wire = [{"timestamp": at_ms, "message": message} for at_ms, message in events]
    answer: dict[str, Any] = logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=wire)
    return answer


def read(logs: Any, **request: Any) -> tuple[list[str], str, str]:
    answer = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, **request)
    messages = [event["message"] for event in answer["events"]]
    return messages, answer["nextForwardToken"], answer["nextBackwardToken"]


def search(logs: Any, **request: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **request)
    return [event["message"] for page in pages for event in page["events"]]


def test_put_log_events_leaves_out_and_reports_what_is_too_old_or_new(logs: Any, now_ms: int) -> None:
    old = put(logs, (now_ms - 15 * 24 * HOUR_MS, "old"), (now_ms - 14 * 24 * HOUR_MS, "just in time"))
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = put(logs, (now_ms, "now"), (now_ms + 2 * HOUR_MS, "ahead"), (now_ms + 2 * HOUR_MS + 1, "future"))
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 2}
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    expired = put(logs, (now_ms - 4 * 24 * HOUR_MS, "expired"))
    assert expired["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    logs.delete_retention_policy(logGroupName=GROUP)
    assert read(logs)[0] == ["just in time", "now", "ahead"]


def test_get_log_events_from_the_head_pages_forward_until_the_token_repeats(logs: Any, now_ms: int) -> None:
    put(logs, *((now_ms + n, str(n)) for n in range(5)))
    pages, token = [], None
    while True:
        request = {"startFromHead": True} if token is None else {"nextToken": token}
        messages, following, _ = read(logs, limit=2, **request)
        if following == token:
            break
        pages.append(messages)
        token = following
    assert pages == [["0", "1"], ["2", "3"], ["4"]]
    put(logs, (now_ms + 9, "late"))
    assert read(logs, nextToken=token)[0] == ["late"]


def test_get_log_events_starts_at_the_end_and_pages_backward(logs: Any, now_ms: int) -> None:
    put(logs, *((now_ms + n, str(n)) for n in range(5)))
    messages, forward, backward = read(logs, limit=2)
    assert messages == ["3", "4"]
    assert read(logs, nextToken=forward) == ([], forward, read(logs, nextToken=forward)[2])
    messages, _, backward = read(logs, limit=2, nextToken=backward)
    assert messages == ["1", "2"]
    messages, _, backward = read(logs, limit=2, nextToken=backward)
    assert messages == ["0"]
    messages, forward, again = read(logs, limit=2, nextToken=backward)
    assert (messages, again) == ([], backward)
    assert read(logs, limit=1, nextToken=forward)[0] == ["0"]


def test_get_log_events_answers_a_mebibyte_at_most(logs: Any, now_ms: int) -> None:
    for n in range(3):
        put(logs, (now_ms + n, str(n) + "x" * 500_000))
    first, forward, _ = read(logs, startFromHead=True)
    second, _, _ = read(logs, nextToken=forward)
    assert ([m[0] for m in first], [m[0] for m in second]) == (["0", "1"], ["2"])


def test_get_log_events_by_group_arn_and_with_both_is_refused(logs: Any, now_ms: int) -> None:
    put(logs, (now_ms, "m"))
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
    answer = logs.get_log_events(logGroupIdentifier=arn, logStreamName=STREAM)
    assert [event["message"] for event in answer["events"]] == ["m"]
    with pytest.raises(ClientError, match="mutually exclusive"):
        logs.get_log_events(logGroupIdentifier=arn, logGroupName=GROUP, logStreamName=STREAM)


def test_filter_log_events_interleaves_streams_by_time(logs: Any, now_ms: int) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName="two")
    put(logs, (now_ms, "1a"), (now_ms + 2, "1b"))
    put(logs, (now_ms + 1, "2a"), (now_ms + 2, "2b"), stream="two")
    assert search(logs) == ["1a", "2a", "1b", "2b"]
    assert search(logs, PaginationConfig={"PageSize": 1}) == ["1a", "2a", "1b", "2b"]
    assert search(logs, logStreamNames=["two"]) == ["2a", "2b"]
    assert search(logs, logStreamNames=["two", STREAM]) == ["1a", "2a", "1b", "2b"]
    assert search(logs, logStreamNamePrefix="tw") == ["2a", "2b"]
    assert search(logs, startTime=now_ms + 1, endTime=now_ms + 1) == ["2a"]
    assert search(logs, startFromHead=False, startTime=now_ms - 1) == ["2b", "1b", "2a", "1a"]
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="two")
    assert search(logs) == ["1a", "1b"]


def test_filter_log_events_looks_at_a_bounded_part_and_goes_on_by_token(logs: Any, now_ms: int) -> None:
    for batch in range(3):
        put(logs, *((now_ms + batch, f"line {batch}") for _ in range(8_000)))
    put(logs, (now_ms + 9, "needle"))
    first = logs.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert (first["events"], "nextToken" in first) == ([], True)
    assert search(logs, filterPattern="needle") == ["needle"]


def test_following_a_group_as_the_aws_cli_does_sees_each_event_once(logs: Any, timed: EngineThread) -> None:
    # `aws logs tail --follow` (CLI version 2): ask from the newest time seen, drop the event ids seen at it.
    seen: list[str] = []
    ids: set[str] = set()
    start_ms = timed.clock.now_ms() - HOUR_MS
    token: dict[str, str] = {}
    count = 0
    for step in range(40):
        if step % 3 == 0 and step < 30:
            at_ms = timed.clock.now_ms()
            put(logs, *((at_ms, str(n)) for n in range(count, count + 4)))
            count += 4
        answer = logs.filter_log_events(logGroupName=GROUP, interleaved=True, startTime=start_ms, limit=3, **token)
        for event in answer["events"]:
            if event["eventId"] not in ids:
                ids.add(event["eventId"])
                seen.append(event["message"])
                start_ms = max(start_ms, event["timestamp"])
        token = {"nextToken": answer["nextToken"]} if "nextToken" in answer else {}
        timed.clock.advance(0 if step % 2 else 1)
    assert seen == [str(n) for n in range(count)]


def test_events_of_a_lambda_like_writer_survive_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        logs = engine.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        now_ms = logs.describe_log_groups()["logGroups"][0]["creationTime"]
        put(logs, (now_ms, "kept"))
        token = read(logs)[1]
    with EngineThread(tmp_path) as engine:
        logs = engine.client("logs")
        assert read(logs)[0] == ["kept"]
        assert read(logs, nextToken=token)[0] == []


def test_the_aws_cli_filters_events(client: Callable[..., Any], aws_environment: dict[str, str]) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    at_ms = logs.describe_log_groups()["logGroups"][0]["creationTime"]
    put(logs, (at_ms, "START RequestId: 1"), (at_ms, "Order saved: 42"))
    command = [str(Path(sys.executable).with_name("aws")), "logs", "filter-log-events", "--log-group-name", GROUP]
    done = subprocess.run(
        [*command, "--filter-pattern", '"Order saved"', "--output", "json"],
        env=aws_environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    (event,) = json.loads(done.stdout)["events"]
    assert (event["message"], event["logStreamName"], len(event["eventId"])) == ("Order saved: 42", STREAM, 56)
