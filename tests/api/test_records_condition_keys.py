"""Goal: the condition keys of S3, CloudWatch and CloudWatch Logs decide over real requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.iam_support import PolicyUser, refused


@pytest.fixture
def ann(client: Callable[..., Any], onebox: EngineThread) -> PolicyUser:
    return PolicyUser(client("iam"), onebox)


@pytest.fixture
def bucket(client: Any, account: str) -> str:
    client("s3").create_bucket(Bucket=f"shared-{account}")
    return f"shared-{account}"


def rule(effect: str, action: str | list[str], **condition: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": "*", **({"Condition": condition} if condition else {})}


def test_listings_are_limited_by_prefix_delimiter_and_size(ann: PolicyUser, bucket: str) -> None:
    ann.may(
        rule("Allow", "s3:ListBucket", StringEquals={"s3:prefix": "ann/", "s3:delimiter": "/"}),
        rule("Deny", "s3:ListBucket", NumericGreaterThan={"s3:max-keys": "10"}),
    )
    s3 = ann("s3")
    s3.list_objects_v2(Bucket=bucket, Prefix="ann/", Delimiter="/")
    for request in ({"Prefix": "bob/", "Delimiter": "/"}, {"Prefix": "ann/"}, {}):
        assert refused(s3.list_objects_v2, Bucket=bucket, **request)[0] == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=bucket, Prefix="ann/", Delimiter="/", MaxKeys=11)[0] == "AccessDenied"


def test_objects_are_limited_by_their_tags_and_by_those_of_the_request(
    ann: PolicyUser, client: Any, bucket: str
) -> None:
    owner = client("s3")
    for key, tagging in (("open", "class=public"), ("closed", "class=secret")):
        owner.put_object(Bucket=bucket, Key=key, Tagging=tagging)
    ann.may(
        rule("Allow", "s3:GetObject", StringEquals={"s3:ExistingObjectTag/class": "public"}),
        rule("Allow", "s3:PutObject"),
        rule("Allow", "s3:PutObjectTagging", StringEquals={"s3:RequestObjectTag/owner": "ann"}),
        rule("Deny", ["s3:DeleteObject", "s3:PutObject"], StringEquals={"s3:ExistingObjectTag/class": "secret"}),
        rule("Allow", "s3:DeleteObject"),
        rule("Deny", "s3:PutObject", StringEquals={"s3:x-amz-acl": "bucket-owner-full-control"}),
    )
    s3 = ann("s3")
    s3.get_object(Bucket=bucket, Key="open")
    assert refused(s3.get_object, Bucket=bucket, Key="closed")[0] == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="mine", Tagging="owner=ann")
    assert refused(s3.put_object, Bucket=bucket, Key="mine", Tagging="owner=bob")[0] == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="closed")  # AWS has no such key for these two
    s3.delete_object(Bucket=bucket, Key="closed")
    acl = {"ACL": "bucket-owner-full-control"}
    assert refused(s3.put_object, Bucket=bucket, Key="mine", **acl)[0] == "AccessDenied"


def test_versions_are_limited_by_their_id(ann: PolicyUser, client: Any, bucket: str) -> None:
    owner = client("s3")
    owner.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (owner.put_object(Bucket=bucket, Key="k")["VersionId"] for _ in range(2))
    ann.may(rule("Allow", "s3:GetObjectVersion", StringEquals={"s3:VersionId": first}))
    ann("s3").get_object(Bucket=bucket, Key="k", VersionId=first)
    assert refused(ann("s3").get_object, Bucket=bucket, Key="k", VersionId=second)[0] == "AccessDenied"


def test_metrics_are_limited_by_namespace_and_alarms_by_their_actions(ann: PolicyUser) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:ops"
    other_actions = {"ForAnyValue:StringNotEquals": {"cloudwatch:AlarmActions": topic}}
    ann.may(
        rule("Allow", "cloudwatch:PutMetricData", StringEquals={"cloudwatch:namespace": "Mine"}),
        rule("Allow", "cloudwatch:PutMetricAlarm"),
        rule("Deny", "cloudwatch:PutMetricAlarm", **other_actions),
    )
    cloudwatch = ann("cloudwatch")
    data = [{"MetricName": "m", "Value": 1}]
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=data)
    assert refused(cloudwatch.put_metric_data, Namespace="Theirs", MetricData=data)[0] == "AccessDenied"
    alarm = {
        "AlarmName": "a",
        "Namespace": "Mine",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    cloudwatch.put_metric_alarm(**alarm, AlarmActions=[topic])
    assert refused(cloudwatch.put_metric_alarm, **alarm, AlarmActions=[f"{topic}2"])[0] == "AccessDenied"


def test_alarms_and_groups_are_limited_by_their_tags(ann: PolicyUser, client: Any) -> None:
    logs = client("logs")
    for name, stage in (("test", "test"), ("live", "live")):
        logs.create_log_group(logGroupName=name, tags={"stage": stage})
    ann.may(
        rule("Allow", "logs:DeleteLogGroup", StringEquals={"aws:ResourceTag/stage": "test"}),
        rule("Allow", "logs:CreateLogGroup", StringEquals={"aws:RequestTag/stage": "test"}),
        rule("Allow", "logs:TagLogGroup"),
        rule("Deny", "logs:CreateLogGroup", **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["secret"]}}),
    )
    own = ann("logs")
    own.delete_log_group(logGroupName="test")
    assert refused(own.delete_log_group, logGroupName="live")[0] == "AccessDeniedException"
    own.create_log_group(logGroupName="mine", tags={"stage": "test"})
    for tags in ({"stage": "live"}, {}, {"stage": "test", "secret": "x"}):
        assert refused(own.create_log_group, logGroupName="other", tags=tags)[0] == "AccessDeniedException"
