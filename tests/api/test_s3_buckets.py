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


def test_what_is_not_offered_is_refused_as_not_implemented(client: Make, bucket: str) -> None:
    s3 = client("s3")

    assert refused(s3.delete_bucket_website, Bucket=bucket) == ("NotImplemented", 501)
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


def test_settings_that_onebox_lacks_are_answered_as_absent(client: Make, bucket: str) -> None:
    s3, named = client("s3"), {"Bucket": bucket}

    assert refused(s3.get_bucket_website, **named) == ("NoSuchWebsiteConfiguration", 404)
    assert refused(s3.get_bucket_replication, **named) == ("ReplicationConfigurationNotFoundError", 404)
    assert refused(s3.get_object_lock_configuration, **named) == ("ObjectLockConfigurationNotFoundError", 404)
    assert s3.get_bucket_request_payment(**named)["Payer"] == "BucketOwner"
    for answer, member in (
        (s3.get_bucket_accelerate_configuration(**named), "Status"),
        (s3.get_bucket_logging(**named), "LoggingEnabled"),
        (s3.list_bucket_analytics_configurations(**named), "AnalyticsConfigurationList"),
        (s3.list_bucket_intelligent_tiering_configurations(**named), "IntelligentTieringConfigurationList"),
        (s3.list_bucket_inventory_configurations(**named), "InventoryConfigurationList"),
        (s3.list_bucket_metrics_configurations(**named), "MetricsConfigurationList"),
    ):
        assert member not in answer
    assert refused(s3.get_bucket_website, Bucket="nobodys") == ("NoSuchBucket", 404)


@pytest.mark.parametrize(
    ("statement", "is_public"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({"Principal": {"AWS": "111122223333"}}, False),
    ],
)
def test_policy_status_says_whether_everybody_is_let_in(
    client: Make, bucket: str, statement: dict[str, Any], is_public: bool
) -> None:
    s3 = client("s3")
    assert refused(s3.get_bucket_policy_status, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*", **statement}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [whole]}))

    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": is_public}
