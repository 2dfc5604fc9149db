"""Amazon S3, the class the engine builds: as much of it as deploying needs, kept whole where it is kept at all.

Buckets, objects with their versions, uploads in parts, settings of buckets, lifecycle. Not offered, and refused: ACLs,
SSE-C and SSE-KMS, object lock, object tags, replication, notifications, website hosting, select.
"""

from __future__ import annotations

from onebox.arn import partition_of
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, Operation, OperationTable, WaitingOperation, bind
from onebox.services.s3.expiring import Expirer
from onebox.services.s3.internal import S3Internal
from onebox.services.s3.objects import Objects
from onebox.services.s3.operations import buckets, deletions, lists, reads, uploads, writes
from onebox.services.s3.operations.bucket_settings import SETTINGS
from onebox.services.s3.operations.writes import parse_copy_source

# The IAM action where it is not the operation's name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
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


class S3:
    """Buckets and objects. ``internal`` is for other services; nothing else of this object is."""

    name = "s3"

    def __init__(self, deps: Deps) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.objects = Objects(deps.storage, deps.ids)
        self.internal = S3Internal(self.objects)
        self._expirer = Expirer(self.objects, deps.storage, deps.clock, deps.log)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
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

    async def start(self) -> None:
        """Begin the daily walk of lifecycle rules."""
        self._expirer.start()

    async def stop(self) -> None:
        """End it."""
        self._expirer.stop()


def _object_action(action: str, resource: str, version_id: str | None) -> Access:
    if version_id is not None:
        action = _VERSIONED_ACTIONS.get(action, action)
    return Access(f"s3:{action}", resource)


OPERATIONS: OperationTable[S3] = {
    "AbortMultipartUpload": Operation(uploads.abort_multipart_upload),
    "CompleteMultipartUpload": Operation(uploads.complete_multipart_upload),
    "CopyObject": Operation(writes.copy_object),
    "CreateBucket": Operation(buckets.create_bucket),
    "CreateMultipartUpload": Operation(uploads.create_multipart_upload),
    "DeleteBucket": Operation(buckets.delete_bucket),
    "DeleteObject": Operation(deletions.delete_object),
    "DeleteObjects": Operation(deletions.delete_objects),
    "GetBucketLocation": Operation(buckets.get_bucket_location, reads_only=True),
    "GetBucketVersioning": Operation(buckets.get_bucket_versioning, reads_only=True),
    "GetObject": Operation(reads.get_object, reads_only=True),
    "HeadBucket": Operation(buckets.head_bucket, reads_only=True),
    "HeadObject": Operation(reads.head_object, reads_only=True),
    "ListBuckets": Operation(buckets.list_buckets, reads_only=True),
    "ListMultipartUploads": Operation(uploads.list_multipart_uploads, reads_only=True),
    "ListObjectVersions": Operation(lists.list_object_versions, reads_only=True),
    "ListObjects": Operation(lists.list_objects, reads_only=True),
    "ListObjectsV2": Operation(lists.list_objects_v2, reads_only=True),
    "ListParts": Operation(uploads.list_parts, reads_only=True),
    "PutBucketVersioning": Operation(buckets.put_bucket_versioning),
    "PutObject": WaitingOperation(writes.put_object),
    "UploadPart": WaitingOperation(uploads.upload_part),
    "UploadPartCopy": WaitingOperation(uploads.upload_part_copy),
    **{name: Operation(handler, reads_only=name.startswith("Get")) for name, handler in SETTINGS.items()},
}
