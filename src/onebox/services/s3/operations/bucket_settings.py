"""Policy, tagging, encryption and other settings of buckets: kept as they came, checked, and given back.

The policy is not evaluated here. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import (
    InvalidTag,
    MalformedPolicy,
    MalformedXML,
    NoSuchBucketPolicy,
    NoSuchLifecycleConfiguration,
    NoSuchPublicAccessBlockConfiguration,
    NoSuchTagSet,
    NotOffered,
    OwnershipControlsNotFoundError,
    S3Error,
)
from onebox.services.s3.lifecycle import check_lifecycle
from onebox.services.s3.limits import BUCKET_TAGS_MAX, POLICY_BYTES_MAX

Handler = Callable[[S3Core, RequestContext, Wire], Wire]

_DEFAULT_ENCRYPTION = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
}


def get_bucket_policy(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The policy's text, as it was put."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    policy = core.buckets.find_setting(bucket.name, "policy")
    if policy is None:
        raise NoSuchBucketPolicy(BucketName=bucket.name)
    return {"Policy": policy}


def put_bucket_policy(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Set the policy."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    policy = request["Policy"]
    try:
        document = orjson.loads(policy)
    except orjson.JSONDecodeError:
        raise MalformedPolicy from None
    if not isinstance(document, dict) or len(policy.encode()) > POLICY_BYTES_MAX:
        raise MalformedPolicy
    if not document.get("Statement"):
        raise MalformedPolicy("Missing required field Statement")
    core.buckets.put_setting(bucket.name, "policy", policy)
    return {}


def _getter(kind: str, member: str, missing: type[S3Error]) -> Handler:
    def get(core: S3Core, context: RequestContext, request: Wire) -> Wire:
        bucket = core.objects.load_bucket(request["Bucket"], context.account)
        document = core.buckets.find_setting(bucket.name, kind)
        if document is None:
            raise missing(BucketName=bucket.name)
        return {member: document} if member else dict(document)

    return get


def _putter(kind: str, member: str, check: Callable[[Any], None]) -> Handler:
    def put(core: S3Core, context: RequestContext, request: Wire) -> Wire:
        bucket = core.objects.load_bucket(request["Bucket"], context.account)
        document = request.get(member)
        if document is None:
            raise MalformedXML
        check(document)
        core.buckets.put_setting(bucket.name, kind, document)
        return {}

    return put


def _deleter(kind: str) -> Handler:
    def delete(core: S3Core, context: RequestContext, request: Wire) -> Wire:
        bucket = core.objects.load_bucket(request["Bucket"], context.account)
        core.buckets.delete_setting(bucket.name, kind)
        return {}

    return delete


def get_bucket_encryption(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The default encryption, which every bucket has."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    stored = core.buckets.find_setting(bucket.name, "encryption")
    return {"ServerSideEncryptionConfiguration": stored or _DEFAULT_ENCRYPTION}


def _check_encryption(document: Any) -> None:
    for rule in document["Rules"]:
        if rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "AES256") != "AES256":
            raise NotOffered(Header="SSEAlgorithm")


def put_bucket_tagging(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the bucket's tags."""
    put: Handler = _putter("tagging", "Tagging", lambda document: _check_tagging(context, document))
    return put(core, context, request)


def _check_tagging(context: RequestContext, document: Any) -> None:
    keys = [tag["Key"] for tag in document["TagSet"]]
    if len(keys) > BUCKET_TAGS_MAX:
        raise InvalidTag("Bucket tag count cannot be greater than 50")
    if len(set(keys)) < len(keys):
        raise InvalidTag("Cannot provide multiple Tags with the same key")
    for tag in document["TagSet"]:
        if not 1 <= len(tag["Key"]) <= 128 or not context.may_set_tag(tag["Key"]):
            raise InvalidTag("The TagKey you have provided is invalid", TagKey=tag["Key"])
        if len(tag["Value"]) > 256:
            raise InvalidTag("The TagValue you have provided is invalid", TagValue=tag["Value"])


def _check_public_access_block(document: Any) -> None:
    if not document:
        raise MalformedXML


def _check_ownership(document: Any) -> None:
    owners = [rule["ObjectOwnership"] for rule in document["Rules"]]
    if len(owners) != 1 or owners[0] not in ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"):
        raise MalformedXML
    if owners[0] != "BucketOwnerEnforced":
        raise NotOffered(Header="ObjectOwnership")  # the others are about ACLs


SETTINGS: dict[str, Handler] = {
    "GetBucketPolicy": get_bucket_policy,
    "PutBucketPolicy": put_bucket_policy,
    "DeleteBucketPolicy": _deleter("policy"),
    "GetBucketTagging": _getter("tagging", "", NoSuchTagSet),
    "PutBucketTagging": put_bucket_tagging,
    "DeleteBucketTagging": _deleter("tagging"),
    "GetBucketEncryption": get_bucket_encryption,
    "PutBucketEncryption": _putter("encryption", "ServerSideEncryptionConfiguration", _check_encryption),
    "DeleteBucketEncryption": _deleter("encryption"),
    "GetPublicAccessBlock": _getter(
        "public_access_block", "PublicAccessBlockConfiguration", NoSuchPublicAccessBlockConfiguration
    ),
    "PutPublicAccessBlock": _putter(
        "public_access_block", "PublicAccessBlockConfiguration", _check_public_access_block
    ),
    "DeletePublicAccessBlock": _deleter("public_access_block"),
    "GetBucketOwnershipControls": _getter("ownership_controls", "OwnershipControls", OwnershipControlsNotFoundError),
    "PutBucketOwnershipControls": _putter("ownership_controls", "OwnershipControls", _check_ownership),
    "DeleteBucketOwnershipControls": _deleter("ownership_controls"),
    "GetBucketLifecycleConfiguration": _getter("lifecycle", "", NoSuchLifecycleConfiguration),
    "PutBucketLifecycleConfiguration": _putter("lifecycle", "LifecycleConfiguration", check_lifecycle),
    "DeleteBucketLifecycle": _deleter("lifecycle"),
}
