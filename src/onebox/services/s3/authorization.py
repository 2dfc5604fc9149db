"""What a request requires of its caller: actions and resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.arn import partition_of
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement, compile_policy
from onebox.services.registry import Access, ConditionKeys
from onebox.services.s3.condition_keys import find_condition_keys
from onebox.services.s3.copy_source import parse_copy_source
from onebox.services.s3.core import S3Core

# The IAM action where it is not the operation's name.
_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PostObject": "PutObject",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
# With a version's id the action is another one.
_VERSIONED_ACTIONS = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}

# Policies cannot say who may replace or delete an object by its tags:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html
_WITHOUT_EXISTING_TAGS = frozenset({"DeleteObject", "DeleteObjectVersion", "PutObject"})


def required_access(core: S3Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The actions that the caller needs, each with its resource."""
    action = _ACTIONS.get(operation, operation)
    prefix = f"arn:{partition_of(context.region)}:s3:::"
    if "Bucket" not in request:
        return [Access(f"s3:{action}", "*", partial(find_condition_keys, {}, request))]
    bucket = request["Bucket"]
    object_access = partial(_object_access, core, context.account, prefix)
    if operation == "DeleteObjects":
        return [object_access(action, bucket, item) for item in request["Delete"]["Objects"]]
    if "Key" not in request:
        keys = partial(_find_bucket_keys, core, context.account, request)
        policy = partial(_policy, core, context.account, bucket)
        return [Access(f"s3:{action}", f"{prefix}{bucket}", keys, policy)]
    needed = [object_access(action, bucket, request)]
    if operation != "PutObjectTagging" and request.get("Tagging"):
        needed.append(object_access("PutObjectTagging", bucket, request))
    if operation == "GetObjectAttributes":
        needed.append(object_access("GetObject", bucket, request))
    if operation in ("CopyObject", "UploadPartCopy"):
        source_bucket, source_key, version_id = parse_copy_source(request["CopySource"])
        source = {"Key": source_key, **({} if version_id is None else {"VersionId": version_id})}
        needed.append(object_access("GetObject", source_bucket, source))
    return needed


def _object_access(core: S3Core, account: str, prefix: str, action: str, bucket: str, wanted: Wire) -> Access:
    """An action on an object that ``wanted`` names by Key and VersionId."""
    if wanted.get("VersionId") is not None:
        action = _VERSIONED_ACTIONS.get(action, action)
    keys = partial(_find_object_keys, core, account, action, bucket, wanted)
    policy = partial(_policy, core, account, bucket)
    return Access(f"s3:{action}", f"{prefix}{bucket}/{wanted['Key']}", keys, policy)


def _policy(core: S3Core, account: str, bucket_name: str) -> Sequence[Statement]:
    """The policy of a bucket of the caller's account; another account's bucket is not shown to him at all."""
    bucket = core.buckets.find(bucket_name)
    if bucket is None or bucket.account != account:
        return ()
    policy = core.buckets.find_setting(bucket_name, "policy")
    return () if policy is None else compile_policy(policy)


def _find_bucket_keys(core: S3Core, account: str, request: Wire) -> ConditionKeys:
    return {**find_condition_keys({}, request), **_owner(core, account, request["Bucket"])}


def _owner(core: S3Core, account: str, bucket_name: str) -> dict[str, str]:
    """aws:ResourceAccount, which no ARN of S3 holds; a bucket that does not exist would be the caller's."""
    bucket = core.buckets.find(bucket_name)
    return {"aws:ResourceAccount": account if bucket is None else bucket.account}


def _find_object_keys(core: S3Core, account: str, action: str, bucket: str, wanted: Wire) -> ConditionKeys:
    if action in _WITHOUT_EXISTING_TAGS:
        return {**find_condition_keys({}, wanted), **_owner(core, account, bucket)}
    version_id = wanted.get("VersionId")
    if version_id is None:
        stored = core.versions.find_latest(bucket, wanted["Key"])
    else:
        stored = core.versions.find_version(bucket, wanted["Key"], version_id)
    tags = {} if stored is None else stored.tags
    return {**find_condition_keys(tags, wanted), **_owner(core, account, bucket)}
