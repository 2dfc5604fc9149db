"""Goal: samples put are the statistics read back, and refused in AWS's words. AWS shows samples minutes later."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Client, Unique

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def cloudwatch(client: Client) -> Any:
    return client("cloudwatch", parameter_validation=False)


@pytest.fixture
def now_ms() -> int:
    """The begin of a minute that is over."""
    now_ms = time.time_ns() // 1_000_000 - MINUTE_MS
    return now_ms - now_ms % MINUTE_MS


@pytest.fixture
def space(unique: Unique) -> str:
    """A namespace of the test's own."""
    return unique("App")


def at(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, timezone.utc)


def put(cloudwatch: Any, space: str, now_ms: int, **datum: Any) -> None:
    moment = {"Timestamp": at(now_ms)}
    cloudwatch.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", **moment, **datum}])


def read(cloudwatch: Any, space: str, now_ms: int, **request: Any) -> list[dict[str, Any]]:
    found = cloudwatch.get_metric_statistics(
        **{
            "Namespace": space,
            "MetricName": "m",
            "StartTime": at(now_ms - HOUR_MS),
            "EndTime": at(now_ms + MINUTE_MS),
            "Period": 60,
            "Statistics": ["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
            **request,
        }
    )
    points: list[dict[str, Any]] = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
    return points


def refused(code: str, text: str, call: Callable[..., Any], *arguments: Any, **request: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **request)
    error = caught.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error["Message"]


def test_put_metric_data_adds_up_single_values_sets_and_counts(
    cloudwatch: Any, now_ms: int, until: Any, space: str
) -> None:
    put(cloudwatch, space, now_ms, Value=4)
    put(cloudwatch, space, now_ms, Values=[1, 2], Counts=[3, 1])
    put(cloudwatch, space, now_ms, StatisticValues={"SampleCount": 2, "Sum": 20, "Minimum": 9, "Maximum": 11})

    def whole() -> Any:
        points = read(cloudwatch, space, now_ms)
        return points[0] if points and points[0]["SampleCount"] == 7 else None

    assert until(whole, "all seven samples") == {
        "Timestamp": at(now_ms),
        "Unit": "None",
        "SampleCount": 7,
        "Sum": 29,
        "Average": pytest.approx(29 / 7),
        "Minimum": 1,
        "Maximum": 11,
    }


def test_get_metric_statistics_keeps_units_apart(cloudwatch: Any, now_ms: int, until: Any, space: str) -> None:
    put(cloudwatch, space, now_ms, Value=1, Unit="Seconds")
    put(cloudwatch, space, now_ms, Value=1000, Unit="Milliseconds")
    both = {"Seconds": 1, "Milliseconds": 1000}
    until(lambda: {p["Unit"]: p["Sum"] for p in read(cloudwatch, space, now_ms)} == both, "both units")
    (point,) = read(cloudwatch, space, now_ms, Unit="Seconds")
    assert point["Sum"] == 1
    assert read(cloudwatch, space, now_ms, Unit="Bytes") == []


@pytest.mark.parametrize(
    ("datum", "code", "text"),
    [
        ({}, "MissingParameter", "MetricData.member.1.Value"),
        (
            {"Value": 1, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
            "InvalidParameterCombination",
            "MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive",
        ),
        ({"Value": 2.0**361}, "InvalidParameterValue", "MetricData.member.1.Value"),
        ({"Value": 1, "Unit": "Parsecs"}, "InvalidParameterValue", "Unit must be a value in the set [ Seconds"),
        ({"Value": 1, "StorageResolution": 7}, "InvalidParameterValue", "StorageResolution"),
        ({"Value": 1, "Dimensions": [{"Name": "a", "Value": ""}]}, "InvalidParameterValue", "must not be blank"),
        (
            {"Value": 1, "Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(31)]},
            "InvalidParameterValue",
            "must not have a size greater than 30",
        ),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue", "Counts must have the same size"),
        ({"Values": list(range(151))}, "InvalidParameterValue", "150"),
        (
            {"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 3, "Maximum": 1}},
            "InvalidParameterValue",
            "Maximum must be greater than",
        ),
    ],
)
def test_put_metric_data_with_a_wrong_datum_stores_none(
    cloudwatch: Any, now_ms: int, datum: dict[str, Any], code: str, text: str, space: str
) -> None:
    data = [{"MetricName": "m", **datum}, {"MetricName": "good", "Value": 1}]
    refused(code, text, cloudwatch.put_metric_data, Namespace=space, MetricData=data)
    assert cloudwatch.list_metrics(Namespace=space)["Metrics"] == []


def test_get_metric_statistics_refuses_what_aws_refuses(cloudwatch: Any, now_ms: int, space: str) -> None:
    for code, text, request in (
        ("InvalidParameterCombination", "up to 86460 datapoints", {"StartTime": at(now_ms - DAY_MS), "Period": 1}),
        ("InvalidParameterValue", "StartTime must be less", {"StartTime": at(now_ms + HOUR_MS)}),
        ("InvalidParameterValue", "Period must be", {"Period": 45}),
        ("InvalidParameterValue", "Statistics.member.1", {"Statistics": ["Median"]}),
        ("InvalidParameterValue", "ExtendedStatistics", {"Statistics": [], "ExtendedStatistics": ["p101"]}),
        ("MissingParameter", "Must specify either", {"Statistics": []}),
    ):
        refused(code, text, read, cloudwatch, space, now_ms, **request)
