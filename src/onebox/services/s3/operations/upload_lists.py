"""ListMultipartUploads. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html"""

from __future__ import annotations

from collections.abc import Callable

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.limits import LISTED_MAX
from onebox.services.s3.listing import Listing, first_key_after, list_from
from onebox.services.s3.listing_sources import OpenUploads
from onebox.services.s3.model import Upload, owner_id
from onebox.services.s3.operations.lists import encoder
from onebox.services.s3.rules import key_after_prefix
from onebox.services.s3.store.uploads import UploadPosition


def list_multipart_uploads(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The uploads in progress in a bucket, by key and id, those behind a delimiter under their common prefixes."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    limit = _count(request, "MaxUploads", "max-uploads")
    encode = encoder(request)
    listing: Listing[Upload] = Listing()
    if limit > 0:
        listing = list_from(
            OpenUploads(core.uploads, bucket.name),
            _position(request),
            end_key=key_after_prefix(prefix),
            prefix=prefix,
            delimiter=delimiter,
            limit=limit,
        )
    page: Wire = {
        "Bucket": bucket.name,
        "KeyMarker": encode(request.get("KeyMarker", "")),
        "UploadIdMarker": request.get("UploadIdMarker", ""),
        "Prefix": encode(prefix) if "Prefix" in request else None,
        "Delimiter": encode(delimiter) if "Delimiter" in request else None,
        "EncodingType": request.get("EncodingType"),
        "MaxUploads": limit,
        "IsTruncated": listing.is_truncated,
        "Uploads": [_upload_entry(upload, context.account, encode) for upload in listing.entries],
        "CommonPrefixes": [{"Prefix": encode(common)} for common in listing.prefixes],
    }
    if listing.is_truncated:
        page["NextKeyMarker"] = encode(listing.last)
        if listing.entries and listing.entries[-1].key == listing.last:
            page["NextUploadIdMarker"] = listing.entries[-1].upload_id
    return page


def _position(request: Wire) -> UploadPosition:
    """Where the page begins. Without an upload's id, the marker's own key is behind it too."""
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    key_marker, id_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
    if not key_marker or not id_marker:
        return first_key_after(key_marker, prefix, delimiter), ""
    return max((prefix, ""), (key_marker, id_marker))


def _upload_entry(upload: Upload, account: str, encode: Callable[[str], str]) -> Wire:
    return {
        "UploadId": upload.upload_id,
        "Key": encode(upload.key),
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
