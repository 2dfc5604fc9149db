"""Goal: dashboards are kept as put, listed, and refused with AWS's validation messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique

BODY = json.dumps(
    {
        "widgets": [
            {"type": "text", "x": 0, "y": 0, "width": 12, "height": 2, "properties": {"markdown": "# Orders"}},
            {"type": "metric", "properties": {"metrics": [["AWS/SQS", "NumberOfMessagesSent"]]}},
        ]
    }
)


@pytest.fixture
def cloudwatch(client: Callable[..., Any]) -> Any:
    return client("cloudwatch")


def test_put_dashboard_is_read_back_as_it_was_in_every_region(
    cloudwatch: Any, client: Callable[..., Any], account: str, unique: Unique
) -> None:
    answer = cloudwatch.put_dashboard(DashboardName=unique("orders"), DashboardBody=BODY)
    assert answer["DashboardValidationMessages"] == []
    found = client("cloudwatch", "eu-west-1").get_dashboard(DashboardName=unique("orders"))
    assert found["DashboardBody"] == BODY
    assert found["DashboardArn"] == f"arn:aws:cloudwatch::{account}:dashboard/{unique('orders')}"
    listed = cloudwatch.list_dashboards(DashboardNamePrefix=unique("orders"))["DashboardEntries"]
    assert [(entry["DashboardName"], entry["Size"]) for entry in listed] == [(unique("orders"), len(BODY))]


def test_list_dashboards_by_prefix_and_delete(cloudwatch: Any, unique: Unique) -> None:
    for name in ("a1", "a2", "b1"):
        cloudwatch.put_dashboard(DashboardName=unique(name), DashboardBody=BODY)

    def names(prefix: str = "") -> list[str]:
        found = cloudwatch.list_dashboards(DashboardNamePrefix=unique(prefix))["DashboardEntries"]
        return [entry["DashboardName"][-2:] for entry in found]

    assert names("a") == ["a1", "a2"]
    with pytest.raises(ClientError) as caught:
        cloudwatch.delete_dashboards(DashboardNames=[unique("a1"), unique("none")])
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    assert names() == ["a1", "a2", "b1"]
    cloudwatch.delete_dashboards(DashboardNames=[unique("a1"), unique("b1")])
    assert names() == ["a2"]


def test_get_dashboard_that_is_not_there(cloudwatch: Any, unique: Unique) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.get_dashboard(DashboardName=unique("none"))
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{", "must be a valid JSON object"),
        ("[]", "must be a valid JSON object"),
        ("{}", "/widgets"),
        ('{"widgets": [{"type": "poem", "properties": {}}]}', "/widgets/0/type"),
        ('{"widgets": [{"type": "text"}]}', "/widgets/0/properties"),
        ('{"widgets": [{"type": "text", "properties": {}, "width": 25}]}', "/widgets/0/width"),
    ],
)
def test_put_dashboard_with_a_bad_body_says_where(cloudwatch: Any, body: str, text: str, unique: Unique) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName=unique("orders"), DashboardBody=body)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterInput"
    assert text in caught.value.response["Error"]["Message"]
    assert cloudwatch.list_dashboards(DashboardNamePrefix=unique("orders"))["DashboardEntries"] == []


def test_put_dashboard_checks_the_name(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName="a b", DashboardBody=BODY)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
