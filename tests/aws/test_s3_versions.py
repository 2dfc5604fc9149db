"""Goal: with versioning nothing is lost that was not deleted by its version; lifecycle rules are kept and checked.

What the rules do when due is tested in tests/unit/onebox/s3/test_expiring.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.support import Unique, code_and_status, make_bucket

Make = Callable[..., Any]


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, unique: Unique) -> str:
    name = make_bucket(s3, unique("versions"))
    s3.put_object(Bucket=name, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_put_object_again_keeps_the_earlier_versions(s3: Any, bucket: str) -> None:
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"
    listed = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [(item["VersionId"], item["IsLatest"]) for item in listed] == [
        (second, True),
        (first, False),
        ("null", False),
    ]
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", VersionId="other") == ("NoSuchVersion", 404)


def test_delete_object_leaves_a_marker_whose_deletion_restores(s3: Any, bucket: str) -> None:
    deletion = s3.delete_object(Bucket=bucket, Key="k")
    marker = deletion["VersionId"]

    assert deletion["DeleteMarker"] is True
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", VersionId=marker) == ("MethodNotAllowed", 405)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert s3.list_object_versions(Bucket=bucket)["DeleteMarkers"][0]["VersionId"] == marker
    assert s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)["DeleteMarker"] is True
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"


def test_delete_latest_version_promotes_the_one_before(s3: Any, bucket: str) -> None:
    latest = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]

    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": latest}]})

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"
    assert code_and_status(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_suspended_versioning_replaces_the_null_version_alone(s3: Any, bucket: str) -> None:
    kept = s3.put_object(Bucket=bucket, Key="k", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})

    s3.put_object(Bucket=bucket, Key="k", Body=b"after")

    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [(item["VersionId"], item["IsLatest"]) for item in versions] == [("null", True), (kept, False)]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"after"


def test_list_object_versions_pages_through_all(s3: Any, bucket: str) -> None:
    for key in ("a", "k", "z/1", "z/2"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
        s3.put_object(Bucket=bucket, Key=key, Body=b"y")

    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    keys = [item["Key"] for page in pages for item in page.get("Versions", [])]

    assert keys == ["a", "a", "k", "k", "k", "z/1", "z/1", "z/2", "z/2"]
    top = s3.list_object_versions(Bucket=bucket, Delimiter="/")
    assert [item["Prefix"] for item in top["CommonPrefixes"]] == ["z/"]


def test_lifecycle_configuration_comes_back(s3: Any, bucket: str) -> None:
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Filter": {"Prefix": "log/"},
        "Expiration": {"Days": 2},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})

    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == [rule]
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code_and_status(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == (
        "NoSuchLifecycleConfiguration",
        404,
    )
