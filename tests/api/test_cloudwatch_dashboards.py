"""Goal: dashboards are kept as put, listed, and refused with AWS's validation messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

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
    cloudwatch: Any, client: Callable[..., Any], account: str
) -> None:
    answer = cloudwatch.put_dashboard(DashboardName="orders", DashboardBody=BODY)
    assert answer["DashboardValidationMessages"] == []
    found = client("cloudwatch", region="eu-west-1").get_dashboard(DashboardName="orders")
    assert found["DashboardBody"] == BODY
    assert found["DashboardArn"] == f"arn:aws:cloudwatch::{account}:dashboard/orders"
    (entry,) = cloudwatch.list_dashboards()["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == ("orders", len(BODY))


def test_list_dashboards_by_prefix_and_delete(cloudwatch: Any) -> None:
    for name in ("a1", "a2", "b1"):
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=BODY)

    def names(**request: Any) -> list[str]:
        return [entry["DashboardName"] for entry in cloudwatch.list_dashboards(**request)["DashboardEntries"]]

    assert names(DashboardNamePrefix="a") == ["a1", "a2"]
    with pytest.raises(ClientError) as caught:
        cloudwatch.delete_dashboards(DashboardNames=["a1", "none"])
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    assert names() == ["a1", "a2", "b1"]
    cloudwatch.delete_dashboards(DashboardNames=["a1", "b1"])
    assert names() == ["a2"]


def test_get_dashboard_that_is_not_there(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.get_dashboard(DashboardName="none")
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
def test_put_dashboard_with_a_bad_body_says_where(cloudwatch: Any, body: str, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName="orders", DashboardBody=body)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterInput"
    assert text in caught.value.response["Error"]["Message"]
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_put_dashboard_checks_the_name(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName="a b", DashboardBody=BODY)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
