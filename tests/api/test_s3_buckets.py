"""Goal: buckets and their settings behave as AWS documents them, errors included."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Make = Callable[..., Any]


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, int]:
    """The code and status of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def bucket(client: Make, account: str) -> str:
    name = f"bucket-{account}"
    client("s3").create_bucket(Bucket=name)
    return name


def test_create_bucket_is_listed_and_found(client: Make, bucket: str) -> None:
    s3 = client("s3")

    assert [item["Name"] for item in s3.list_buckets()["Buckets"]] == [bucket]
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_create_bucket_in_another_region_needs_its_constraint(client: Make, account: str) -> None:
    s3 = client("s3", region="eu-central-1")
    name = f"bucket-{account}"

    assert refused(s3.create_bucket, Bucket=name) == ("IllegalLocationConstraintException", 400)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-central-1"
    assert refused(s3.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}) == (
        "BucketAlreadyOwnedByYou",
        409,
    )


def test_create_bucket_again_in_us_east_1_succeeds(client: Make, bucket: str) -> None:
    client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")

    client("s3").create_bucket(Bucket=bucket)

    assert client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_bucket_of_another_account_is_taken_and_closed(onebox: Any, bucket: str) -> None:
    other = onebox.client("s3", region="us-east-1", account="999999999999")

    assert refused(other.create_bucket, Bucket=bucket) == ("BucketAlreadyExists", 409)
    assert refused(other.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    assert refused(other.head_bucket, Bucket=bucket) == ("403", 403)


@pytest.mark.parametrize("name", ["Bucket", "a_b", "192.168.0.1", "a..b", "xn--abc", "-abc"])
def test_create_bucket_with_a_name_against_the_rules_is_refused(client: Make, name: str) -> None:
    assert refused(client("s3").create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_delete_bucket_only_when_it_is_empty(client: Make, bucket: str) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="k")
    s3.create_multipart_upload(Bucket=bucket, Key="unfinished")

    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)

    assert refused(s3.head_bucket, Bucket=bucket) == ("404", 404)
    assert refused(s3.delete_bucket, Bucket=bucket) == ("NoSuchBucket", 404)


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

    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy="no json") == ("MalformedPolicy", 400)


def test_bucket_tagging_is_kept_and_checked(client: Make, bucket: str) -> None:
    s3 = client("s3")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]

    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    twice = {"TagSet": [tags[0], tags[0]]}
    assert refused(s3.put_bucket_tagging, Bucket=bucket, Tagging=twice) == ("InvalidTag", 400)
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)


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
    assert refused(getattr(s3, f"get_{kind}"), Bucket=bucket) == (missing, 404)


def test_what_is_not_offered_is_refused_as_not_implemented(client: Make, bucket: str) -> None:
    s3 = client("s3")

    assert refused(s3.get_bucket_website, Bucket=bucket) == ("NotImplemented", 501)
    assert refused(s3.put_object, Bucket=bucket, Key="k", ObjectLockMode="GOVERNANCE") == ("NotImplemented", 501)
    assert refused(s3.put_object, Bucket=bucket, Key="k", ACL="public-read") == (
        "AccessControlListNotSupported",
        400,
    )


def test_unknown_path_and_malformed_xml_are_refused_in_xml(client: Make, bucket: str, onebox: Any) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{onebox.endpoint_url}/{bucket}?versioning", data=b"<no xml", method="PUT", headers={"Authorization": _scope()}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)

    assert caught.value.code == 400
    assert b"<Code>MalformedXML</Code>" in caught.value.read()


def _scope() -> str:
    return "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
