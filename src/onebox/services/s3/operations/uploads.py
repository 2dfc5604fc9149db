"""Uploads in parts. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html"""

from __future__ import annotations

import re
from base64 import b64decode
from itertools import pairwise
from typing import TYPE_CHECKING

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.checksums import ALGORITHMS, composite_checksum, full_object_checksum, member_of
from onebox.services.s3.errors import (
    BadDigest,
    EntityTooSmall,
    InvalidArgument,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXML,
    NoSuchUpload,
)
from onebox.services.s3.limits import LISTED_MAX, PART_BYTES_MIN, PART_NUMBER_MAX
from onebox.services.s3.model import NULL_VERSION, Extent, Part, StoredObject, Upload
from onebox.services.s3.operations.buckets import owner_id
from onebox.services.s3.operations.refusals import refuse_members
from onebox.services.s3.operations.writes import check_current, checked_headers, digests, parse_copy_source
from onebox.services.s3.rules import (
    bare,
    check_copy_conditions,
    check_key,
    multipart_etag,
    quoted,
    wanted_checksum,
    whole_seconds,
)

if TYPE_CHECKING:
    from onebox.services.s3.service import S3

_COPY_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})", re.ASCII)


def create_multipart_upload(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Begin an upload."""
    bucket = s3.objects.load_bucket(request["Bucket"], context.account)
    headers = checked_headers(request)
    check_key(request["Key"])
    algorithm = request.get("ChecksumAlgorithm", "")
    kind = _checked_type(algorithm, request.get("ChecksumType"))
    upload_id = s3.deps.ids.token(48)
    s3.objects.uploads.insert(
        Upload(upload_id, bucket.name, request["Key"], whole_seconds(context.now_ms), algorithm, kind, headers)
    )
    return {
        "Bucket": bucket.name,
        "Key": request["Key"],
        "UploadId": upload_id,
        "ChecksumAlgorithm": algorithm or None,
        "ChecksumType": kind or None,
        "ServerSideEncryption": headers.get("ServerSideEncryption"),
    }


def _checked_type(algorithm: str, kind: str | None) -> str:
    if not algorithm:
        if kind is not None:
            raise InvalidRequest(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )
        return ""
    if algorithm not in ALGORITHMS:
        raise InvalidRequest(
            f"Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            f"[{', '.join(ALGORITHMS)}]"
        )
    kind = kind or ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
    allowed = {"CRC64NVME": ("FULL_OBJECT",), "SHA1": ("COMPOSITE",), "SHA256": ("COMPOSITE",)}
    if kind not in allowed.get(algorithm, ("COMPOSITE", "FULL_OBJECT")):
        raise InvalidRequest(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return kind


async def upload_part(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Store a part, in place of an earlier one with its number."""
    refuse_members(request, "SSECustomerAlgorithm", "SSECustomerKey")
    part = await _store_part(s3, context, request, request.get("Body", b""))
    return {"ETag": quoted(part.etag), **part.checksums}


async def upload_part_copy(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Store a stretch of an object as a part."""
    refuse_members(request, "SSECustomerAlgorithm", "SSECustomerKey", "CopySourceSSECustomerAlgorithm")
    source_bucket, key, version_id = parse_copy_source(request["CopySource"])
    s3.objects.load_bucket(source_bucket, context.account)
    source = s3.objects.load(source_bucket, key, version_id)
    check_copy_conditions(request, source.etag, source.modified_at_ms)
    first_byte, size_bytes = _copied_stretch(request.get("CopySourceRange"), source.size_bytes)
    part = await _store_part(s3, context, request, s3.objects.read(source, first_byte, size_bytes))
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


async def _store_part(s3: S3, context: RequestContext, request: Wire, data: bytes) -> Part:
    number = request["PartNumber"]
    if not 1 <= number <= PART_NUMBER_MAX:
        raise InvalidArgument(
            "Part number must be an integer between 1 and 10000, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )
    upload = _load_upload(s3, context, request)
    wanted = wanted_checksum(request)
    if wanted is not None and upload.checksum_algorithm not in ("", wanted[0]):
        raise InvalidRequest(
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.checksum_algorithm.lower()}, "
            f"actual checksum Type: {wanted[0].lower()}"
        )
    etag, checksums = await digests(request, data, upload.checksum_algorithm)

    def write() -> Part:
        _load_upload(s3, context, request)  # it may have ended while the checksum was computed
        content_id = s3.objects.contents.insert(data)
        part = Part(number, content_id, len(data), etag, whole_seconds(context.now_ms), checksums)
        replaced = s3.objects.uploads.put_part(upload.upload_id, part)
        if replaced is not None:
            s3.objects.contents.delete([replaced])
        return part

    return await s3.deps.storage.write(write)


def _load_upload(s3: S3, context: RequestContext, request: Wire) -> Upload:
    s3.objects.load_bucket(request["Bucket"], context.account)
    upload = s3.objects.uploads.find(request["UploadId"])
    if upload is None or (upload.bucket, upload.key) != (request["Bucket"], request["Key"]):
        raise NoSuchUpload(UploadId=request["UploadId"])
    return upload


def complete_multipart_upload(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Make an object of the parts that the request lists; the others are discarded."""
    upload = _load_upload(s3, context, request)
    bucket = s3.objects.load_bucket(upload.bucket, context.account)
    parts = _listed_parts(s3, upload, request.get("MultipartUpload", {}).get("Parts"))
    check_current(s3, bucket, upload.key, request)
    extents, start = [], 0
    for part in parts:
        extents.append(Extent(part.part_number, start, part.size_bytes, part.content_id))
        start += part.size_bytes
    if request.get("MpuObjectSize", start) != start:
        raise InvalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed")
    etag = multipart_etag([part.etag for part in parts])
    checksums = _whole_checksum(upload, parts)
    for member, checksum in checksums.items():
        if request.get(member, checksum) != checksum:
            raise BadDigest(
                f"The {member.removeprefix('Checksum').lower()} you specified did not match what we received."
            )
    stored = StoredObject(
        0, bucket.name, upload.key, "", True, False, start, etag, context.now_ms, upload.headers, checksums
    )
    s3.objects.discard_upload(upload.upload_id, keeping=[part.content_id for part in parts])
    written = s3.objects.put(bucket, stored, extents)
    return {
        "Location": f"{context.endpoint_url}/{bucket.name}/{upload.key}",
        "Bucket": bucket.name,
        "Key": upload.key,
        "ETag": quoted(etag),
        **checksums,
        "ChecksumType": upload.checksum_type or None,
        "VersionId": written.version_id if bucket.versioning else None,
        "ServerSideEncryption": upload.headers.get("ServerSideEncryption"),
    }


def _listed_parts(s3: S3, upload: Upload, listed: list[Wire] | None) -> list[Part]:
    if not listed or any("PartNumber" not in item or "ETag" not in item for item in listed):
        raise MalformedXML
    numbers = [item["PartNumber"] for item in listed]
    if any(first >= second for first, second in pairwise(numbers)):
        raise InvalidPartOrder
    uploaded = {part.part_number: part for part in s3.objects.uploads.parts(upload.upload_id)}
    parts = []
    for item in listed:
        part = uploaded.get(item["PartNumber"])
        if part is None or part.etag != bare(item["ETag"]) or _contradicts(item, part):
            raise InvalidPart(UploadId=upload.upload_id, PartNumber=item["PartNumber"], ETag=bare(item["ETag"]))
        parts.append(part)
    for part in parts[:-1]:
        if part.size_bytes < PART_BYTES_MIN:
            raise EntityTooSmall(
                ETag=part.etag,
                MinSizeAllowed=PART_BYTES_MIN,
                ProposedSize=part.size_bytes,
                PartNumber=part.part_number,
            )
    return parts


def _contradicts(item: Wire, part: Part) -> bool:
    return any(item.get(member, checksum) != checksum for member, checksum in part.checksums.items())


def _whole_checksum(upload: Upload, parts: list[Part]) -> dict[str, str]:
    algorithm = upload.checksum_algorithm
    if not algorithm:
        return {}
    member = member_of(algorithm)
    digests_of_parts = [b64decode(part.checksums[member]) for part in parts]
    if upload.checksum_type == "COMPOSITE":
        return {member: composite_checksum(algorithm, digests_of_parts)}
    sizes = [part.size_bytes for part in parts]
    return {member: full_object_checksum(algorithm, list(zip(digests_of_parts, sizes, strict=True)))}


def abort_multipart_upload(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Discard an upload."""
    s3.objects.discard_upload(_load_upload(s3, context, request).upload_id)
    return {}


def list_parts(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """The parts of an upload so far."""
    upload = _load_upload(s3, context, request)
    limit = min(request.get("MaxParts", LISTED_MAX), LISTED_MAX)
    marker = int(request["PartNumberMarker"]) if str(request.get("PartNumberMarker", "")).isdecimal() else 0
    parts = s3.objects.uploads.parts(upload.upload_id, marker, limit + 1)
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


def list_multipart_uploads(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """The uploads in progress in a bucket."""
    bucket = s3.objects.load_bucket(request["Bucket"], context.account)
    refuse_members(request, "Delimiter")
    limit = min(request.get("MaxUploads", LISTED_MAX), LISTED_MAX)
    key_marker, id_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
    # Without an upload's id, the marker's own key is behind us too.
    after_id = id_marker or ("\x7f" if key_marker else "")
    uploads = s3.objects.uploads.page(bucket.name, key_marker, after_id, request.get("Prefix", ""), limit + 1)
    listed = uploads[:limit]
    truncated = len(uploads) > limit
    return {
        "Bucket": bucket.name,
        "KeyMarker": key_marker,
        "UploadIdMarker": id_marker,
        "Prefix": request.get("Prefix"),
        "MaxUploads": limit,
        "IsTruncated": truncated,
        "NextKeyMarker": listed[-1].key if truncated else None,
        "NextUploadIdMarker": listed[-1].upload_id if truncated else None,
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
