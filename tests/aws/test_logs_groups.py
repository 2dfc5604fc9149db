"""Goal: log groups, streams, retention and tags answer as CloudWatch Logs does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique


@pytest.fixture
def logs(client: Callable[..., Any]) -> Any:
    return client("logs")


@pytest.fixture
def group(unique: Unique) -> str:
    """A name for a group."""
    return unique("app/OrderProcessor")


def described(logs: Any, name: str) -> Any:
    """The group of this name; None while the list lacks it."""
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group for group in found if group["logGroupName"] == name), None)


def fails(code: str, text: str, call: Callable[..., Any], **request: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]


def test_create_log_group_twice_is_refused(logs: Any, account: str, group: str, region: str, until: Any) -> None:
    logs.create_log_group(logGroupName=group, tags={"team": "orders"})
    fails("ResourceAlreadyExistsException", "already exists", logs.create_log_group, logGroupName=group)
    found = until(lambda: described(logs, group), "the group in the list")
    arn = f"arn:aws:logs:{region}:{account}:log-group:{group}"
    assert (found["logGroupName"], found["arn"], found["logGroupArn"]) == (group, f"{arn}:*", arn)
    assert (found["storedBytes"], found["metricFilterCount"], found["logGroupClass"]) == (0, 0, "STANDARD")
    assert "retentionInDays" not in found
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "orders"}


@pytest.mark.parametrize("name", ["a b", "x" * 513, "é"])
def test_create_log_group_with_a_bad_name_names_the_constraint(logs: Any, name: str) -> None:
    fails("InvalidParameterException", "at 'logGroupName' failed", logs.create_log_group, logGroupName=name)


def test_describe_log_groups_pages_by_name_within_a_prefix(logs: Any, unique: Unique, until: Any) -> None:
    for n in range(7):
        logs.create_log_group(logGroupName=unique(f"app/{n}"))
    logs.create_log_group(logGroupName=unique("other"))

    def names() -> list[list[str]]:
        request = {"logGroupNamePrefix": unique("app/"), "PaginationConfig": {"PageSize": 3}}
        pages = logs.get_paginator("describe_log_groups").paginate(**request)
        return [[found["logGroupName"][-1] for found in page["logGroups"]] for page in pages]

    until(lambda: names() == [["0", "1", "2"], ["3", "4", "5"], ["6"]], "the seven groups in the list")


def test_delete_log_group_under_deletion_protection_is_refused(logs: Any, group: str) -> None:
    logs.create_log_group(logGroupName=group, deletionProtectionEnabled=True)
    fails("ValidationException", "deletion protection", logs.delete_log_group, logGroupName=group)
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=group)


def test_tags_are_set_and_removed_in_both_forms(logs: Any, account: str, group: str, region: str, until: Any) -> None:
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{region}:{account}:log-group:{group}"
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    logs.untag_resource(resourceArn=f"{arn}:*", tagKeys=["a"])
    left = {"b": "2", "c": "3"}
    until(lambda: logs.list_tags_log_group(logGroupName=group)["tags"] == left, "the tags that are left")
    many = {f"k{n}": "v" for n in range(49)}
    fails("TooManyTagsException", "maximum", logs.tag_resource, resourceArn=arn, tags=many)
    fails("ResourceNotFoundException", "", logs.list_tags_for_resource, resourceArn=f"{arn}-none")


def test_put_retention_policy_takes_the_days_aws_knows(logs: Any, group: str, until: Any) -> None:
    logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    until(lambda: (described(logs, group) or {}).get("retentionInDays") == 14, "the retention")
    fails("InvalidParameterException", "enum", logs.put_retention_policy, logGroupName=group, retentionInDays=2)
    logs.delete_retention_policy(logGroupName=group)
    until(lambda: "retentionInDays" not in described(logs, group), "no retention")


def test_create_log_stream_checks_name_and_group(logs: Any, group: str) -> None:
    request = {"logGroupName": group, "logStreamName": "2026/01/01/[$LATEST]0123"}
    fails("ResourceNotFoundException", "log group does not exist", logs.create_log_stream, **request)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(**request)
    fails("ResourceAlreadyExistsException", "log stream already exists", logs.create_log_stream, **request)
    fails("InvalidParameterException", "logStreamName", logs.create_log_stream, logGroupName=group, logStreamName="a:b")
    logs.delete_log_stream(**request)
    fails("ResourceNotFoundException", "log stream does not exist", logs.delete_log_stream, **request)


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
