"""Goal: buckets and their settings behave as AWS documents them, errors included."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.support import Unique, code_and_status, make_bucket

Make = Callable[..., Any]


@pytest.fixture
def bucket(client: Make, unique: Unique) -> str:
    return make_bucket(client("s3"), unique("bucket"))


def test_create_bucket_is_listed_and_found(client: Make, bucket: str, region: str, until: Any) -> None:
    s3 = client("s3")

    until(lambda: bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]], "the bucket in the list")
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == region
    expected = None if region == "us-east-1" else region
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == expected


@pytest.mark.parametrize("name", ["Bucket", "a_b", "192.168.0.1", "a..b", "xn--abc", "-abc"])
def test_create_bucket_with_a_name_against_the_rules_is_code_and_status(client: Make, name: str) -> None:
    assert code_and_status(client("s3").create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_delete_bucket_only_when_it_is_empty(client: Make, bucket: str) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="k")
    s3.create_multipart_upload(Bucket=bucket, Key="unfinished")

    assert code_and_status(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)

    assert code_and_status(s3.head_bucket, Bucket=bucket) == ("404", 404)
    assert code_and_status(s3.delete_bucket, Bucket=bucket) == ("NoSuchBucket", 404)


def test_new_bucket_is_closed_to_the_public_and_encrypted(client: Make, bucket: str) -> None:
    s3 = client("s3")

    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert ownership == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)


def test_bucket_policy_comes_back_word_for_word(client: Make, bucket: str) -> None:
    s3 = client("s3")
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": f"arn:aws:s3:::{bucket}/*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        },
        indent=1,
    )

    assert code_and_status(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    assert code_and_status(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert code_and_status(s3.put_bucket_policy, Bucket=bucket, Policy="no json") == ("MalformedPolicy", 400)


def test_bucket_tagging_is_kept_and_checked(client: Make, bucket: str) -> None:
    s3 = client("s3")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]

    assert code_and_status(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    twice = {"TagSet": [tags[0], tags[0]]}
    assert code_and_status(s3.put_bucket_tagging, Bucket=bucket, Tagging=twice) == ("InvalidTag", 400)
    s3.delete_bucket_tagging(Bucket=bucket)
    assert code_and_status(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)


@pytest.mark.parametrize(
    ("kind", "member", "value", "missing"),
    [
        (
            "public_access_block",
            "PublicAccessBlockConfiguration",
            {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": False,
            },
            "NoSuchPublicAccessBlockConfiguration",
        ),
        (
            "bucket_ownership_controls",
            "OwnershipControls",
            {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "OwnershipControlsNotFoundError",
        ),
    ],
)
def test_bucket_setting_put_get_delete(
    client: Make, bucket: str, kind: str, member: str, value: dict[str, Any], missing: str
) -> None:
    s3 = client("s3")

    getattr(s3, f"put_{kind}")(Bucket=bucket, **{member: value})
    assert getattr(s3, f"get_{kind}")(Bucket=bucket)[member] == value
    getattr(s3, f"delete_{kind}")(Bucket=bucket)
    assert code_and_status(getattr(s3, f"get_{kind}"), Bucket=bucket) == (missing, 404)
