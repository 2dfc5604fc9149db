"""Goal: objects' tags, encryption answers, ACLs, CORS and attributes are what Terraform and SDKs get from AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.support import Unique, code_and_status, make_bucket

Make = Callable[..., Any]
TAGS = [{"Key": "team", "Value": "orders"}, {"Key": "stage", "Value": "a b"}]


@pytest.fixture
def s3(own_client: Make, unique: Unique) -> Any:
    """A client with a bucket of its own, ``s3.bucket``."""
    s3 = own_client("s3", parameter_validation=False)
    s3.bucket = make_bucket(s3, unique("tagged"))
    return s3


def tags(s3: Any, key: str = "k", **version: str) -> dict[str, str]:
    found = s3.get_object_tagging(Bucket=s3.bucket, Key=key, **version)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_tags_of_objects_are_put_read_replaced_and_deleted(s3: Any) -> None:
    s3.put_object(Bucket=s3.bucket, Key="k", Body=b"x", Tagging="team=orders&stage=a%20b")
    assert tags(s3) == {"team": "orders", "stage": "a b"}
    assert s3.get_object(Bucket=s3.bucket, Key="k")["TagCount"] == 2
    s3.put_object_tagging(Bucket=s3.bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": ""}]})
    assert tags(s3) == {"a": ""}
    s3.delete_object_tagging(Bucket=s3.bucket, Key="k")
    assert tags(s3) == {}
    assert "TagCount" not in s3.head_object(Bucket=s3.bucket, Key="k")
    s3.put_object(Bucket=s3.bucket, Key="k", Body=b"y")
    assert tags(s3) == {}
    assert code_and_status(s3.get_object_tagging, Bucket=s3.bucket, Key="none") == ("NoSuchKey", 404)


def test_each_version_has_its_own_tags(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=s3.bucket, Key="k", Tagging="n=1")["VersionId"]
    second = s3.put_object(Bucket=s3.bucket, Key="k", Tagging="n=2")["VersionId"]
    assert (tags(s3, VersionId=first), tags(s3, VersionId=second), tags(s3)) == ({"n": "1"}, {"n": "2"}, {"n": "2"})
    answer = s3.put_object_tagging(Bucket=s3.bucket, Key="k", VersionId=first, Tagging={"TagSet": TAGS})
    assert answer["VersionId"] == first
    assert (len(tags(s3, VersionId=first)), tags(s3)) == (2, {"n": "2"})


def test_copies_and_uploads_in_parts_carry_tags(s3: Any) -> None:
    s3.put_object(Bucket=s3.bucket, Key="k", Body=b"x", Tagging="n=1")
    source = {"Bucket": s3.bucket, "Key": "k"}
    s3.copy_object(Bucket=s3.bucket, Key="copy", CopySource=source)
    s3.copy_object(Bucket=s3.bucket, Key="replaced", CopySource=source, TaggingDirective="REPLACE", Tagging="n=2")
    assert (tags(s3, "copy"), tags(s3, "replaced")) == ({"n": "1"}, {"n": "2"})
    upload_id = s3.create_multipart_upload(Bucket=s3.bucket, Key="parts", Tagging="n=3")["UploadId"]
    part = s3.upload_part(Bucket=s3.bucket, Key="parts", UploadId=upload_id, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=s3.bucket, Key="parts", UploadId=upload_id, MultipartUpload=parts)
    assert tags(s3, "parts") == {"n": "3"}


@pytest.mark.parametrize(
    ("tagging", "code"),
    [
        ("a=1&a=2", "InvalidTag"),
        ("&".join(f"k{number}=v" for number in range(11)), "BadRequest"),
        ("&".join(f"k{number}=v" for number in range(2_000)), "InvalidArgument"),
        ("no-equals", "InvalidArgument"),
        (f"{'k' * 129}=v", "InvalidTag"),
        (f"k={'v' * 257}", "InvalidTag"),
        ("aws:x=1", "InvalidTag"),
    ],
)
def test_tags_that_aws_refuses_are_code_and_status(s3: Any, tagging: str, code: str) -> None:
    assert code_and_status(s3.put_object, Bucket=s3.bucket, Key="k", Tagging=tagging) == (code, 400)
    assert code_and_status(s3.head_object, Bucket=s3.bucket, Key="k")[1] == 404


def test_cors_is_kept_and_checked(s3: Any) -> None:
    assert code_and_status(s3.get_bucket_cors, Bucket=s3.bucket) == ("NoSuchCORSConfiguration", 404)
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.example"], "MaxAgeSeconds": 3}
    s3.put_bucket_cors(Bucket=s3.bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=s3.bucket)["CORSRules"] == [rule]
    for wrong, code in (
        ({"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}, "InvalidRequest"),
        ({"AllowedMethods": ["GET"], "AllowedOrigins": ["*.*"]}, "InvalidRequest"),
        ({"AllowedMethods": ["GET"], "AllowedOrigins": []}, "MalformedXML"),
    ):
        assert code_and_status(s3.put_bucket_cors, Bucket=s3.bucket, CORSConfiguration={"CORSRules": [wrong]}) == (
            code,
            400,
        )
    s3.delete_bucket_cors(Bucket=s3.bucket)
    assert code_and_status(s3.get_bucket_cors, Bucket=s3.bucket)[0] == "NoSuchCORSConfiguration"


def test_lifecycle_answers_the_minimum_size(s3: Any) -> None:
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 3}}
    request = {"Bucket": s3.bucket, "LifecycleConfiguration": {"Rules": [rule]}}
    put = s3.put_bucket_lifecycle_configuration(**request)
    assert put["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    s3.put_bucket_lifecycle_configuration(**request, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    read = s3.get_bucket_lifecycle_configuration(Bucket=s3.bucket)
    assert (read["Rules"], read["TransitionDefaultMinimumObjectSize"]) == ([rule], "varies_by_storage_class")
    assert (
        code_and_status(s3.put_bucket_lifecycle_configuration, **request, TransitionDefaultMinimumObjectSize="x")[1]
        == 400
    )


def test_attributes_are_those_that_were_asked_for(s3: Any) -> None:
    s3.put_object(Bucket=s3.bucket, Key="k", Body=b"abc", ChecksumAlgorithm="SHA256")
    etag = s3.head_object(Bucket=s3.bucket, Key="k")["ETag"].strip('"')
    every = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    found = s3.get_object_attributes(Bucket=s3.bucket, Key="k", ObjectAttributes=every)
    assert (found["ETag"], found["ObjectSize"], found["StorageClass"]) == (etag, 3, "STANDARD")
    assert found["Checksum"]["ChecksumType"] == "FULL_OBJECT"
    assert "ObjectParts" not in found
    size = s3.get_object_attributes(Bucket=s3.bucket, Key="k", ObjectAttributes=["ObjectSize"])
    assert ("ETag" in size, size["ObjectSize"]) == (False, 3)
    wrong = {"Bucket": s3.bucket, "Key": "k", "ObjectAttributes": ["Colour"]}
    assert code_and_status(s3.get_object_attributes, **wrong) == ("InvalidArgument", 400)
