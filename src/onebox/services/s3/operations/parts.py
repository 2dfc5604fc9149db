"""The parts of uploads. https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html"""

from __future__ import annotations

import re

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.bodies import BytesGone
from onebox.services.s3.copy_source import parse_copy_source
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import (
    InvalidArgument,
    InvalidRequest,
    NoSuchKey,
)
from onebox.services.s3.integrity import digests, digests_of_slices
from onebox.services.s3.limits import LISTED_MAX, PART_NUMBER_MAX
from onebox.services.s3.model import NULL_VERSION, Part, StoredObject, Upload, owner_id
from onebox.services.s3.refusals import UNSUPPORTED_CHECKSUMS, refuse_members
from onebox.services.s3.rules import (
    check_copy_conditions,
    quoted,
    wanted_checksum,
    whole_seconds,
)

_COPY_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})", re.ASCII)


async def upload_part(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Store a part, in place of an earlier one with its number."""
    refuse_members(request, "SSECustomerAlgorithm", "SSECustomerKey", *UNSUPPORTED_CHECKSUMS)
    data = request.get("Body", b"")
    upload = _load_upload(core, context, request)
    etag, checksums = await digests(request, data, upload.checksum_algorithm)
    async with core.bodies.stored_ahead(data) as ahead:
        part = await core.deps.storage.write(
            lambda: _write_part(
                core,
                context,
                request,
                content_id=core.contents.insert(data) if ahead is None else ahead,
                size_bytes=len(data),
                etag=etag,
                checksums=checksums,
            )
        )
    return {"ETag": quoted(part.etag), **part.checksums}


async def upload_part_copy(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Store a stretch of an object as a part."""
    refuse_members(request, "SSECustomerAlgorithm", "SSECustomerKey", "CopySourceSSECustomerAlgorithm")
    source_bucket, key, version_id = parse_copy_source(request["CopySource"])
    core.objects.load_bucket(source_bucket, context.account)
    source = core.objects.load(source_bucket, key, version_id)
    check_copy_conditions(request, source.etag, source.modified_at_ms)
    first_byte, size_bytes = _copied_stretch(request.get("CopySourceRange"), source.size_bytes)
    try:
        part = await _copy_part(core, context, request, source, first_byte, size_bytes)
    except BytesGone:
        raise NoSuchKey(Key=key) from None
    result: Wire = {
        "CopyPartResult": {"ETag": quoted(part.etag), "LastModified": part.modified_at_ms, **part.checksums}
    }
    if source.version_id != NULL_VERSION:
        result["CopySourceVersionId"] = source.version_id
    return result


def _copied_stretch(text: str | None, size_bytes: int) -> tuple[int, int]:
    if text is None:
        return 0, size_bytes
    match = _COPY_RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    first, last = int(match[1]), int(match[2])
    if last >= size_bytes:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size_bytes}",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    return first, last - first + 1


async def _copy_part(
    core: S3Core, context: RequestContext, request: Wire, source: StoredObject, first_byte: int, size_bytes: int
) -> Part:
    """Store a stretch of up to gigabytes as a part, never the whole of it in memory. Raises BytesGone."""
    upload = _load_upload(core, context, request)
    extents = core.versions.extents(source.object_id)
    with core.contents.held([extent.content_id for extent in extents]):  # what is stored is what was hashed
        slices = core.bodies.slices(extents, first_byte, size_bytes)
        etag, checksums = await digests_of_slices(slices, upload.checksum_algorithm)
        async with core.bodies.copied_ahead(extents, first_byte, size_bytes) as ahead:

            def write() -> Part:
                content_id = ahead
                if content_id is None:
                    content_id = core.contents.insert(core.contents.read(extents, first_byte, size_bytes))
                return _write_part(
                    core, context, request, content_id=content_id, size_bytes=size_bytes, etag=etag, checksums=checksums
                )

            return await core.deps.storage.write(write)


def _load_upload(core: S3Core, context: RequestContext, request: Wire) -> Upload:
    """The upload that gets a part. Raises InvalidArgument, InvalidRequest, NoSuchUpload and what a bucket raises."""
    number = request["PartNumber"]
    if not 1 <= number <= PART_NUMBER_MAX:
        raise InvalidArgument(
            "Part number must be an integer between 1 and 10000, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )
    upload = core.objects.load_upload(context.account, request["Bucket"], request["Key"], request["UploadId"])
    wanted = wanted_checksum(request)
    if wanted is not None and upload.checksum_algorithm not in ("", wanted[0]):
        raise InvalidRequest(
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.checksum_algorithm.lower()}, "
            f"actual checksum Type: {wanted[0].lower()}"
        )
    return upload


def _write_part(
    core: S3Core,
    context: RequestContext,
    request: Wire,
    *,
    content_id: int,
    size_bytes: int,
    etag: str,
    checksums: dict[str, str],
) -> Part:
    # Loaded once more: the upload may have ended while the checksum was computed.
    upload = core.objects.load_upload(context.account, request["Bucket"], request["Key"], request["UploadId"])
    part = Part(
        part_number=request["PartNumber"],
        content_id=content_id,
        size_bytes=size_bytes,
        etag=etag,
        modified_at_ms=whole_seconds(context.now_ms),
        checksums=checksums,
    )
    replaced = core.uploads.put_part(upload.upload_id, part)
    if replaced is not None:
        core.contents.delete([replaced])
    return part


def list_parts(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The parts of an upload so far."""
    upload = core.objects.load_upload(context.account, request["Bucket"], request["Key"], request["UploadId"])
    limit = min(request.get("MaxParts", LISTED_MAX), LISTED_MAX)
    marker = int(request["PartNumberMarker"]) if str(request.get("PartNumberMarker", "")).isdecimal() else 0
    parts = core.uploads.parts(upload.upload_id, marker, limit + 1)
    listed = parts[:limit]
    return {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumberMarker": str(marker),
        "MaxParts": limit,
        "IsTruncated": len(parts) > limit,
        "NextPartNumberMarker": str(listed[-1].part_number) if listed else None,
        "Parts": [_part_entry(part) for part in listed],
        "Initiator": {"ID": owner_id(context.account)},
        "Owner": {"ID": owner_id(context.account)},
        "StorageClass": upload.headers.get("StorageClass", "STANDARD"),
        "ChecksumAlgorithm": upload.checksum_algorithm or None,
        "ChecksumType": upload.checksum_type or None,
    }


def _part_entry(part: Part) -> Wire:
    return {
        "PartNumber": part.part_number,
        "LastModified": part.modified_at_ms,
        "ETag": quoted(part.etag),
        "Size": part.size_bytes,
        **part.checksums,
    }
