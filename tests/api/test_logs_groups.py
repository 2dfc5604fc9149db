"""Goal: log groups, streams, retention and tags answer as CloudWatch Logs does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

GROUP = "/aws/lambda/OrderProcessor"
HOUR_MS = 3_600_000


@pytest.fixture
def logs(client: Callable[..., Any]) -> Any:
    return client("logs")


def fails(code: str, text: str, call: Callable[..., Any], **request: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]


def test_describe_log_groups_by_pattern_finds_it_anywhere_and_tells_little(logs: Any) -> None:
    for name in ("app/Data/one", "Data", "data"):
        logs.create_log_group(logGroupName=name)
    groups = logs.describe_log_groups(logGroupNamePattern="Data")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["Data", "app/Data/one"]
    assert set(groups[0]) == {
        "logGroupName",
        "logGroupArn",
        "logGroupClass",
        "creationTime",
        "metricFilterCount",
        "arn",
    }
    fails(
        "InvalidParameterException",
        "mutually exclusive",
        logs.describe_log_groups,
        logGroupNamePattern="a",
        logGroupNamePrefix="a",
    )


def test_delete_log_group_takes_streams_and_events_with_it(logs: Any, onebox: EngineThread) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    now_ms = logs.describe_log_groups()["logGroups"][0]["creationTime"]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": now_ms, "message": "old"}])
    logs.delete_log_group(logGroupName=GROUP)
    fails("ResourceNotFoundException", "log group does not exist", logs.delete_log_group, logGroupName=GROUP)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    assert logs.filter_log_events(logGroupName=GROUP)["events"] == []
    assert logs.get_log_events(logGroupName=GROUP, logStreamName="s")["events"] == []


def test_groups_belong_to_their_region(client: Callable[..., Any], logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    assert client("logs", region="eu-west-1").describe_log_groups()["logGroups"] == []


def test_retention_hides_old_events_at_once_and_frees_their_bytes_in_time(timed: EngineThread) -> None:
    logs = timed.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    for message, age_ms in (("first", 25 * HOUR_MS), ("second", 23 * HOUR_MS)):
        event = {"timestamp": timed.clock.now_ms() - age_ms, "message": message}
        logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[event])
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    assert [e["message"] for e in logs.filter_log_events(logGroupName=GROUP)["events"]] == ["second"]
    events = logs.get_log_events(logGroupName=GROUP, logStreamName="s", startFromHead=True)["events"]
    assert [e["message"] for e in events] == ["second"]
    timed.clock.advance(600)
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == len("second") + 26


def test_describe_log_streams_orders_by_name_or_last_event(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    now_ms = logs.describe_log_groups()["logGroups"][0]["creationTime"]
    for name, age_ms in (("b", 1_000), ("a", 3_000), ("c", 2_000), ("empty", None)):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
        if age_ms is not None:
            event = {"timestamp": now_ms - age_ms, "message": "m"}
            logs.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=[event])

    def names(**request: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=GROUP, PaginationConfig={"PageSize": 1}, **request
        )
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert names() == ["a", "b", "c", "empty"]
    assert names(descending=True) == ["empty", "c", "b", "a"]
    assert names(orderBy="LastEventTime", descending=True) == ["b", "c", "a", "empty"]
    assert names(logStreamNamePrefix="e") == ["empty"]
    fails(
        "InvalidParameterException",
        "LastEventTime",
        logs.describe_log_streams,
        logGroupName=GROUP,
        orderBy="LastEventTime",
        logStreamNamePrefix="e",
    )
