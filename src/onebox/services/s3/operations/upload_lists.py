"""ListMultipartUploads. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.limits import LISTED_MAX
from onebox.services.s3.model import Upload, owner_id
from onebox.services.s3.refusals import refuse_members


def list_multipart_uploads(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The uploads in progress in a bucket."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    refuse_members(request, "Delimiter")
    limit = _count(request, "MaxUploads", "max-uploads")
    key_marker, id_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
    # Without an upload's id, the marker's own key is behind us too.
    after_id = id_marker or ("\x7f" if key_marker else "")
    uploads = core.uploads.page(bucket.name, key_marker, after_id, request.get("Prefix", ""), limit + 1)
    listed = uploads[:limit]
    truncated = len(uploads) > limit
    return {
        "Bucket": bucket.name,
        "KeyMarker": key_marker,
        "UploadIdMarker": id_marker,
        "Prefix": request.get("Prefix"),
        "MaxUploads": limit,
        "IsTruncated": truncated,
        "NextKeyMarker": listed[-1].key if truncated and listed else None,
        "NextUploadIdMarker": listed[-1].upload_id if truncated and listed else None,
        "Uploads": [_upload_entry(upload, context.account) for upload in listed],
    }


def _upload_entry(upload: Upload, account: str) -> Wire:
    return {
        "UploadId": upload.upload_id,
        "Key": upload.key,
        "Initiated": upload.initiated_at_ms,
        "StorageClass": upload.headers.get("StorageClass", "STANDARD"),
        "Owner": {"ID": owner_id(account)},
        "Initiator": {"ID": owner_id(account)},
        "ChecksumAlgorithm": upload.checksum_algorithm or None,
        "ChecksumType": upload.checksum_type or None,
    }


def _count(request: Wire, member: str, parameter: str) -> int:
    """How many entries a page may have."""
    count: int = request.get(member, LISTED_MAX)
    if count < 0:
        message = f"Argument {parameter} must be an integer between 0 and 2147483647"
        raise InvalidArgument(message, ArgumentName=parameter, ArgumentValue=str(count))
    return min(count, LISTED_MAX)
