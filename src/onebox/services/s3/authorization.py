"""What a request requires of its caller: actions and resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from onebox.arn import partition_of
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access
from onebox.services.s3.copy_source import parse_copy_source

# The IAM action where it is not the operation's name.
_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_VERSIONED_ACTIONS = {"GetObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion"}


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The actions that the caller needs, each with its resource."""
    action = _ACTIONS.get(operation, operation)
    prefix = f"arn:{partition_of(context.region)}:s3:::"
    if "Bucket" not in request:
        return [Access(f"s3:{action}", "*")]
    bucket = f"{prefix}{request['Bucket']}"
    if operation == "DeleteObjects":
        wanted = request["Delete"]["Objects"]
        return [_object_action(action, f"{bucket}/{item['Key']}", item.get("VersionId")) for item in wanted]
    if "Key" not in request:
        return [Access(f"s3:{action}", bucket)]
    needed = [_object_action(action, f"{bucket}/{request['Key']}", request.get("VersionId"))]
    if operation in ("CopyObject", "UploadPartCopy"):
        source_bucket, source_key, version_id = parse_copy_source(request["CopySource"])
        needed.append(_object_action("GetObject", f"{prefix}{source_bucket}/{source_key}", version_id))
    return needed


def _object_action(action: str, resource: str, version_id: str | None) -> Access:
    if version_id is not None:
        action = _VERSIONED_ACTIONS.get(action, action)
    return Access(f"s3:{action}", resource)
