"""The API operations of S3, a file per family."""

from __future__ import annotations

from onebox.services.registry import Operation, OperationTable, WaitingOperation
from onebox.services.s3.core import S3Core
from onebox.services.s3.operations import (
    acls,
    attributes,
    buckets,
    copies,
    deletions,
    lists,
    notifications,
    object_tags,
    parts,
    reads,
    upload_lists,
    uploads,
    writes,
)
from onebox.services.s3.operations.absent_settings import ABSENT
from onebox.services.s3.operations.bucket_settings import SETTINGS

OPERATIONS: OperationTable[S3Core] = {
    "AbortMultipartUpload": Operation(uploads.abort_multipart_upload),
    "CompleteMultipartUpload": Operation(uploads.complete_multipart_upload),
    "CopyObject": WaitingOperation(copies.copy_object),
    "CreateBucket": Operation(buckets.create_bucket),
    "CreateMultipartUpload": Operation(uploads.create_multipart_upload),
    "DeleteBucket": Operation(buckets.delete_bucket),
    "DeleteObject": Operation(deletions.delete_object),
    "DeleteObjects": Operation(deletions.delete_objects),
    "GetBucketLocation": Operation(buckets.get_bucket_location, reads_only=True),
    "GetBucketNotificationConfiguration": Operation(
        notifications.get_bucket_notification_configuration, reads_only=True
    ),
    "GetBucketVersioning": Operation(buckets.get_bucket_versioning, reads_only=True),
    "GetObject": WaitingOperation(reads.get_object),
    "HeadBucket": Operation(buckets.head_bucket, reads_only=True),
    "HeadObject": Operation(reads.head_object, reads_only=True),
    "ListBuckets": Operation(buckets.list_buckets, reads_only=True),
    "ListMultipartUploads": Operation(upload_lists.list_multipart_uploads, reads_only=True),
    "ListObjectVersions": Operation(lists.list_object_versions, reads_only=True),
    "ListObjects": Operation(lists.list_objects, reads_only=True),
    "ListObjectsV2": Operation(lists.list_objects_v2, reads_only=True),
    "ListParts": Operation(parts.list_parts, reads_only=True),
    "PutBucketNotificationConfiguration": WaitingOperation(notifications.put_bucket_notification_configuration),
    "PutBucketVersioning": Operation(buckets.put_bucket_versioning),
    "PostObject": WaitingOperation(writes.post_object),
    "PutObject": WaitingOperation(writes.put_object),
    "UploadPart": WaitingOperation(parts.upload_part),
    "UploadPartCopy": WaitingOperation(parts.upload_part_copy),
    "DeleteObjectTagging": Operation(object_tags.delete_object_tagging),
    "GetBucketAcl": Operation(acls.get_bucket_acl, reads_only=True),
    "GetObjectAcl": Operation(acls.get_object_acl, reads_only=True),
    "GetObjectAttributes": Operation(attributes.get_object_attributes, reads_only=True),
    "GetObjectTagging": Operation(object_tags.get_object_tagging, reads_only=True),
    "PutBucketAcl": Operation(acls.put_bucket_acl),
    "PutObjectAcl": Operation(acls.put_object_acl),
    "PutObjectTagging": Operation(object_tags.put_object_tagging),
    **ABSENT,
    **{name: Operation(handler, reads_only=name.startswith("Get")) for name, handler in SETTINGS.items()},
}
