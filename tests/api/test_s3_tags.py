"""Goal: objects' tags, encryption answers, ACLs, CORS and attributes are what Terraform and SDKs get from AWS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

Make = Callable[..., Any]


@pytest.fixture
def s3(client: Make, account: str) -> Any:
    """A client with a bucket of its own, ``s3.bucket``."""
    s3 = client("s3", parameter_validation=False)
    s3.bucket = f"tagged-{account}"
    s3.create_bucket(Bucket=s3.bucket)
    return s3


def refused(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def tags(s3: Any, key: str = "k", **version: str) -> dict[str, str]:
    found = s3.get_object_tagging(Bucket=s3.bucket, Key=key, **version)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_tags_and_settings_survive_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        s3 = engine.client("s3")
        s3.bucket = "tagged"
        s3.create_bucket(Bucket=s3.bucket)
        s3.put_object(Bucket=s3.bucket, Key="k", Tagging="n=1")
    with EngineThread(tmp_path) as engine:
        s3 = engine.client("s3")
        s3.bucket = "tagged"
        assert tags(s3) == {"n": "1"}


def test_encryption_is_answered_as_it_was_asked_for(s3: Any, account: str) -> None:
    assert s3.put_object(Bucket=s3.bucket, Key="k")["ServerSideEncryption"] == "AES256"
    written = s3.put_object(Bucket=s3.bucket, Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId="1234")
    arn = f"arn:aws:kms:us-east-1:{account}:key/1234"
    assert (written["ServerSideEncryption"], written["SSEKMSKeyId"]) == ("aws:kms", arn)
    read = s3.head_object(Bucket=s3.bucket, Key="k")
    assert (read["ServerSideEncryption"], read["SSEKMSKeyId"]) == ("aws:kms", arn)
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=s3.bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
    by_default = s3.put_object(Bucket=s3.bucket, Key="k")
    assert (by_default["ServerSideEncryption"], by_default["BucketKeyEnabled"]) == ("aws:kms", True)
    assert by_default["SSEKMSKeyId"].startswith(arn.removesuffix("1234"))
    assert refused(s3.put_object, Bucket=s3.bucket, Key="k", ServerSideEncryption="rot13")[0] == (
        "InvalidEncryptionAlgorithmError"
    )


def test_acls_are_those_of_a_bucket_whose_owner_owns_everything(s3: Any, account: str) -> None:
    s3.put_object(Bucket=s3.bucket, Key="k")
    owner = account.rjust(64, "0")
    grants = [{"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]
    for answer in (s3.get_bucket_acl(Bucket=s3.bucket), s3.get_object_acl(Bucket=s3.bucket, Key="k")):
        assert (answer["Owner"], answer["Grants"]) == ({"ID": owner}, grants)
    not_supported = ("AccessControlListNotSupported", 400)
    for acl in ("private", "public-read"):
        assert refused(s3.put_bucket_acl, Bucket=s3.bucket, ACL=acl) == not_supported
    assert refused(s3.put_object_acl, Bucket=s3.bucket, Key="k", ACL="public-read") == not_supported
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=s3.bucket, OwnershipControls=rules)
    assert s3.get_bucket_ownership_controls(Bucket=s3.bucket)["OwnershipControls"] == rules
    s3.put_bucket_acl(Bucket=s3.bucket, ACL="private")
    assert refused(s3.put_bucket_acl, Bucket=s3.bucket, ACL="public-read") == ("NotImplemented", 501)


@pytest.mark.parametrize("digest", ["\xff", "é" * 4, "=", "a" * 5_000])
def test_a_digest_that_is_none_is_refused(s3: Any, digest: str) -> None:
    def put_header(request: Any, **_: Any) -> None:
        request.headers["Content-MD5"] = digest.encode("latin-1")

    s3.meta.events.register("before-send.s3.PutObject", put_header)
    assert refused(s3.put_object, Bucket=s3.bucket, Key="k", Body=b"x") == ("InvalidDigest", 400)
