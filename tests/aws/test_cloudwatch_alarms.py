"""Goal: alarms are put, found, tagged and refused as in CloudWatch. What they do in time is tested in tests/api."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Client, Unique


@pytest.fixture
def cloudwatch(client: Client) -> Any:
    return client("cloudwatch", parameter_validation=False)


def put_alarm(cloudwatch: Any, name: str, **changes: Any) -> None:
    request = {
        "AlarmName": name,
        "Namespace": name.rpartition("-")[0],
        "MetricName": "errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }
    cloudwatch.put_metric_alarm(**{key: value for key, value in request.items() if value is not None})


def alarm(cloudwatch: Any, name: str) -> dict[str, Any]:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    described: dict[str, Any] = found
    return described


def test_put_metric_alarm_again_replaces_the_configuration_and_keeps_the_state(cloudwatch: Any, unique: Unique) -> None:
    put_alarm(cloudwatch, unique("a"), AlarmDescription="one", Tags=[{"Key": "team", "Value": "orders"}])
    cloudwatch.set_alarm_state(AlarmName=unique("a"), StateValue="OK", StateReason="test")
    arn = alarm(cloudwatch, unique("a"))["AlarmArn"]
    put_alarm(cloudwatch, unique("a"), Threshold=7)
    found = alarm(cloudwatch, unique("a"))
    assert (found["StateValue"], found["Threshold"], "AlarmDescription" in found) == ("OK", 7, False)
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "orders"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_describe_alarms_filters_and_pages(cloudwatch: Any, unique: Unique, region: str, account: str) -> None:
    topic = f"arn:aws:sns:{region}:{account}:t"
    for name in ("a1", "a2", "a3", "b1"):
        put_alarm(cloudwatch, unique(name), AlarmActions=[topic] if name == "a2" else [])
    cloudwatch.set_alarm_state(AlarmName=unique("a3"), StateValue="ALARM", StateReason="test")

    def names(**request: Any) -> list[str]:
        own = {"AlarmNamePrefix": unique(""), "PaginationConfig": {"PageSize": 2}, **request}
        pages = cloudwatch.get_paginator("describe_alarms").paginate(**own)
        return [found["AlarmName"][-2:] for page in pages for found in page["MetricAlarms"]]

    assert names() == ["a1", "a2", "a3", "b1"]
    assert names(AlarmNamePrefix=unique("a")) == ["a1", "a2", "a3"]
    assert names(StateValue="ALARM") == ["a3"]
    assert names(ActionPrefix="arn:aws:sns") == ["a2"]
    assert names(AlarmTypes=["CompositeAlarm"]) == []
    by_name = cloudwatch.describe_alarms(AlarmNames=[unique("b1"), unique("none")])["MetricAlarms"]
    assert [found["AlarmName"] for found in by_name] == [unique("b1")]


def test_describe_alarms_for_metric_matches_it_exactly(cloudwatch: Any, unique: Unique) -> None:
    dimensions = [{"Name": "A", "Value": "1"}]
    put_alarm(cloudwatch, unique("plain"))
    put_alarm(cloudwatch, unique("narrow"), Dimensions=dimensions)

    def names(**request: Any) -> list[str]:
        found = cloudwatch.describe_alarms_for_metric(Namespace=unique("").rstrip("-"), MetricName="errors", **request)
        return [item["AlarmName"].rpartition("-")[2] for item in found["MetricAlarms"]]

    assert (names(), names(Dimensions=dimensions)) == (["plain"], ["narrow"])
    assert (names(Statistic="Sum", Period=60), names(Statistic="Average")) == (["plain"], [])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"Period": 45}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({"Period": None}, "Period is required"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "DatapointsToAlarm must be less than or equal"),
        ({"EvaluationPeriods": 1441}, "Metrics cannot be checked across more than a day"),
        ({"AlarmActions": ["nonsense"]}, "Invalid arn syntax: nonsense"),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:000000000000:t"] * 6}, "at 'alarmActions' failed"),
        ({"ComparisonOperator": "Near"}, "at 'comparisonOperator' failed to satisfy constraint"),
        ({"Statistic": "Median"}, "at 'statistic' failed to satisfy constraint"),
        ({"Statistic": None}, "Exactly one of Statistic or ExtendedStatistic"),
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "ExtendedStatistic is not supported"),
        ({"TreatMissingData": "panic"}, "at 'treatMissingData' failed"),
        ({"Threshold": None}, "Threshold is required"),
        ({"Metrics": [{"Id": "e1", "Expression": "1"}]}, "mutually exclusive"),
    ],
)
def test_put_metric_alarm_refuses_what_aws_refuses(
    cloudwatch: Any, changes: dict[str, Any], text: str, unique: Unique
) -> None:
    with pytest.raises(ClientError) as caught:
        put_alarm(cloudwatch, unique("a"), **changes)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert text in caught.value.response["Error"]["Message"]
    assert cloudwatch.describe_alarms(AlarmNames=[unique("a")])["MetricAlarms"] == []
