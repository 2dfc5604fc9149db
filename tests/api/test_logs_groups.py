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


def test_create_log_group_twice_is_refused(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName=GROUP, tags={"team": "orders"})
    fails("ResourceAlreadyExistsException", "already exists", logs.create_log_group, logGroupName=GROUP)
    (group,) = logs.describe_log_groups()["logGroups"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{GROUP}"
    assert (group["logGroupName"], group["arn"], group["logGroupArn"]) == (GROUP, f"{arn}:*", arn)
    assert (group["storedBytes"], group["metricFilterCount"], group["logGroupClass"]) == (0, 0, "STANDARD")
    assert "retentionInDays" not in group
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "orders"}


@pytest.mark.parametrize("name", ["a b", "x" * 513, "é"])
def test_create_log_group_with_a_bad_name_names_the_constraint(logs: Any, name: str) -> None:
    fails("InvalidParameterException", "at 'logGroupName' failed", logs.create_log_group, logGroupName=name)


def test_describe_log_groups_pages_by_name_within_a_prefix(logs: Any) -> None:
    for n in range(7):
        logs.create_log_group(logGroupName=f"app/{n}")
    logs.create_log_group(logGroupName="other")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="app/", PaginationConfig={"PageSize": 3}
    )
    names = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
    assert names == [["app/0", "app/1", "app/2"], ["app/3", "app/4", "app/5"], ["app/6"]]


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


def test_delete_log_group_under_deletion_protection_is_refused(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP, deletionProtectionEnabled=True)
    fails("ValidationException", "deletion protection", logs.delete_log_group, logGroupName=GROUP)
    logs.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=GROUP)


def test_groups_belong_to_their_region(client: Callable[..., Any], logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    assert client("logs", region="eu-west-1").describe_log_groups()["logGroups"] == []


def test_tags_are_set_and_removed_in_both_forms(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName=GROUP)
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{GROUP}"
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=GROUP, tags={"c": "3"})
    logs.untag_resource(resourceArn=f"{arn}:*", tagKeys=["a"])
    assert logs.list_tags_log_group(logGroupName=GROUP)["tags"] == {"b": "2", "c": "3"}
    many = {f"k{n}": "v" for n in range(49)}
    fails("TooManyTagsException", "maximum", logs.tag_resource, resourceArn=arn, tags=many)
    fails("ResourceNotFoundException", "", logs.list_tags_for_resource, resourceArn=f"{arn}-none")


def test_put_retention_policy_takes_the_days_aws_knows(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=14)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 14
    fails("InvalidParameterException", "enum", logs.put_retention_policy, logGroupName=GROUP, retentionInDays=2)
    logs.delete_retention_policy(logGroupName=GROUP)
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


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


def test_create_log_stream_checks_name_and_group(logs: Any) -> None:
    request = {"logGroupName": GROUP, "logStreamName": "2026/01/01/[$LATEST]0123"}
    fails("ResourceNotFoundException", "log group does not exist", logs.create_log_stream, **request)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(**request)
    fails("ResourceAlreadyExistsException", "log stream already exists", logs.create_log_stream, **request)
    fails("InvalidParameterException", "logStreamName", logs.create_log_stream, logGroupName=GROUP, logStreamName="a:b")
    logs.delete_log_stream(**request)
    fails("ResourceNotFoundException", "log stream does not exist", logs.delete_log_stream, **request)


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


def test_lengths_are_checked_before_everything_else(logs: Any) -> None:
    for call, member, maximum in (
        (logs.delete_metric_filter, "filterName", 512),
        (logs.describe_metric_filters, "filterNamePrefix", 512),
        (logs.describe_metric_filters, "metricName", 255),
        (logs.describe_metric_filters, "metricNamespace", 255),
    ):
        long = "X" * (maximum + 1)
        request = {"logGroupName": "none", member: long}
        text = (
            f"1 validation error detected: Value '{long}' at '{member}' failed to satisfy constraint: Member must have"
            f" length less than or equal to {maximum}"
        )
        fails("InvalidParameterException", text, call, **request)


def test_a_name_and_an_identifier_together_are_refused(logs: Any) -> None:
    fails(
        "ValidationException",
        "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        logs.filter_log_events,
        logGroupName="a",
        logGroupIdentifier="a",
    )
