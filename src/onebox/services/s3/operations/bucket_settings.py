"""Policy, tagging, encryption and other settings of buckets: kept as they came, checked, and given back.

The policy is not evaluated here. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import compile_policy
from onebox.services.s3 import encryption
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import (
    InvalidRequest,
    InvalidTag,
    MalformedPolicy,
    MalformedXML,
    NoSuchBucketPolicy,
    NoSuchCORSConfiguration,
    NoSuchLifecycleConfiguration,
    NoSuchPublicAccessBlockConfiguration,
    NoSuchTagSet,
    OwnershipControlsNotFoundError,
    S3Error,
)
from onebox.services.s3.lifecycle import check_lifecycle
from onebox.services.s3.limits import BUCKET_TAGS_MAX, CORS_RULES_MAX, POLICY_BYTES_MAX
from onebox.services.s3.tagging import checked_tags
from onebox.text.documents import parse_object

_MINIMUM_SIZE = "TransitionDefaultMinimumObjectSize"
_MINIMUM_SIZE_DEFAULT = "all_storage_classes_128K"
_CORS_METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
Handler = Callable[[S3Core, RequestContext, Wire], Wire]


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
        document = parse_object(policy, bytes_max=POLICY_BYTES_MAX)
        compiled = compile_policy(document)
    except (ValueError, TypeError, AttributeError, KeyError):
        raise MalformedPolicy from None
    if not compiled:
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
    return {"ServerSideEncryptionConfiguration": stored or encryption.DEFAULT}


def _check_encryption(document: Any) -> None:
    if len(document["Rules"]) != 1:
        raise MalformedXML
    for rule in document["Rules"]:
        encryption.check_algorithm(rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "AES256"))


def get_bucket_lifecycle(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The rules, and from which size on objects change their class by default."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    document = core.buckets.find_setting(bucket.name, "lifecycle")
    if document is None:
        raise NoSuchLifecycleConfiguration(BucketName=bucket.name)
    return {_MINIMUM_SIZE: _MINIMUM_SIZE_DEFAULT, **document}


def put_bucket_lifecycle(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Set the rules."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    document = request.get("LifecycleConfiguration")
    if document is None:
        raise MalformedXML
    check_lifecycle(document)
    size = request.get(_MINIMUM_SIZE) or _MINIMUM_SIZE_DEFAULT
    if size not in (_MINIMUM_SIZE_DEFAULT, "varies_by_storage_class"):
        raise InvalidRequest(
            "The value for x-amz-transition-default-minimum-object-size is not valid. Valid values: "
            f"{_MINIMUM_SIZE_DEFAULT}, varies_by_storage_class"
        )
    core.buckets.put_setting(bucket.name, "lifecycle", {**document, _MINIMUM_SIZE: size})
    return {_MINIMUM_SIZE: size}


def _check_cors(document: Any) -> None:
    rules = document.get("CORSRules", [])
    if not 1 <= len(rules) <= CORS_RULES_MAX:
        raise MalformedXML
    for rule in rules:
        if not rule.get("AllowedMethods") or not rule.get("AllowedOrigins"):
            raise MalformedXML
        for method in rule["AllowedMethods"]:
            if method not in _CORS_METHODS:
                raise InvalidRequest(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
        for origin in rule["AllowedOrigins"]:
            if origin.count("*") > 1:
                raise InvalidRequest(f'AllowedOrigin "{origin}" can not have more than one wildcard.')


def put_bucket_tagging(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the bucket's tags."""
    put: Handler = _putter("tagging", "Tagging", lambda document: _check_tagging(context, document))
    return put(core, context, request)


def _check_tagging(context: RequestContext, document: Any) -> None:
    if len(document["TagSet"]) > BUCKET_TAGS_MAX:
        raise InvalidTag("Bucket tag count cannot be greater than 50")
    checked_tags(context, [(tag["Key"], tag["Value"]) for tag in document["TagSet"]])


def _check_public_access_block(document: Any) -> None:
    if not document:
        raise MalformedXML


def _check_ownership(document: Any) -> None:
    owners = [rule["ObjectOwnership"] for rule in document["Rules"]]
    if len(owners) != 1 or owners[0] not in ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"):
        raise MalformedXML


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
    "GetBucketLifecycleConfiguration": get_bucket_lifecycle,
    "PutBucketLifecycleConfiguration": put_bucket_lifecycle,
    "DeleteBucketLifecycle": _deleter("lifecycle"),
    "GetBucketCors": _getter("cors", "", NoSuchCORSConfiguration),
    "PutBucketCors": _putter("cors", "CORSConfiguration", _check_cors),
    "DeleteBucketCors": _deleter("cors"),
}
