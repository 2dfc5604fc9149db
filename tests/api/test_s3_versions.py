"""Goal: with versioning nothing is lost that was not deleted by its version; lifecycle rules are kept and checked.

What the rules do when due is tested in tests/unit/onebox/s3/test_expiring.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.test_s3_buckets import refused

Make = Callable[..., Any]


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, account: str) -> str:
    name = f"versions-{account}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_lifecycle_rule_that_is_not_offered_is_refused(s3: Any, bucket: str) -> None:
    def put(**parts: Any) -> tuple[str, int]:
        rules = [{"Status": "Enabled", "Filter": {"Prefix": ""}, **parts}]
        return refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    assert put(Transitions=[{"Days": 1, "StorageClass": "GLACIER"}]) == ("NotImplemented", 501)
    assert put(Expiration={"Days": 0}) == ("InvalidArgument", 400)
    assert put() == ("InvalidArgument", 400)
    tag = {"Filter": {"Tag": {"Key": "k", "Value": "v"}}}
    assert put(**tag, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}) == ("InvalidRequest", 400)
    assert put(**tag, Expiration={"ExpiredObjectDeleteMarker": True}) == ("InvalidRequest", 400)
    assert put(Expiration={"ExpiredObjectDeleteMarker": True, "Days": 1}) == ("MalformedXML", 400)
    assert put(Filter={"Prefix": "a", "ObjectSizeLessThan": 1}, Expiration={"Days": 1}) == ("MalformedXML", 400)
    assert put(Filter={"And": {"Prefix": "a"}}, Expiration={"Days": 1}) == ("MalformedXML", 400)
    sizes = {"And": {"ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 6}}
    assert put(Filter=sizes, Expiration={"Days": 1}) == ("InvalidRequest", 400)
    noncurrent = {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}
    assert put(NoncurrentVersionExpiration=noncurrent) == ("InvalidArgument", 400)


def test_stack_sets_lifecycle_rules_with_filters(client: Make, account: str) -> None:
    rules = [
        {"Id": "plain", "Status": "Enabled", "ExpirationInDays": 1},
        {
            "Id": "filtered",
            "Status": "Enabled",
            "Prefix": "log/",
            "TagFilters": [{"Key": "k", "Value": "v"}],
            "ObjectSizeGreaterThan": "10",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
        },
        {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    ]
    properties = {"BucketName": f"stack-{account}", "LifecycleConfiguration": {"Rules": rules}}
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0.1})

    stored = client("s3").get_bucket_lifecycle_configuration(Bucket=f"stack-{account}")["Rules"]

    whole = {"Prefix": ""}
    narrow = {"Prefix": "log/", "ObjectSizeGreaterThan": 10, "Tags": [{"Key": "k", "Value": "v"}]}
    kept = {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}
    assert stored == [
        {"ID": "plain", "Status": "Enabled", "Filter": whole, "Expiration": {"Days": 1}},
        {"ID": "filtered", "Status": "Enabled", "Filter": {"And": narrow}, "NoncurrentVersionExpiration": kept},
        {"ID": "markers", "Status": "Enabled", "Filter": whole, "Expiration": {"ExpiredObjectDeleteMarker": True}},
    ]
