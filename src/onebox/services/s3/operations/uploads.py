"""Uploads in parts: begin, complete, abort. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html"""

from __future__ import annotations

from base64 import b64decode
from itertools import pairwise

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.checksums import ALGORITHMS, composite_checksum, full_object_checksum, member_of
from onebox.services.s3.core import S3Core
from onebox.services.s3.encryption import MEMBERS as ENCRYPTION_MEMBERS
from onebox.services.s3.errors import (
    BadDigest,
    EntityTooSmall,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXML,
)
from onebox.services.s3.headers import checked_headers
from onebox.services.s3.limits import PART_BYTES_MIN
from onebox.services.s3.model import Extent, Part, Upload, new_version
from onebox.services.s3.refusals import UNSUPPORTED_CHECKSUMS, refuse_members
from onebox.services.s3.rules import (
    bare,
    check_key,
    multipart_etag,
    quoted,
    whole_seconds,
)
from onebox.services.s3.tagging import parse_tagging_header


def create_multipart_upload(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Begin an upload."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    headers = checked_headers(request)
    check_key(request["Key"])
    algorithm = request.get("ChecksumAlgorithm", "")
    kind = _checked_type(algorithm, request.get("ChecksumType"))
    upload_id = core.deps.ids.token(48)
    encryption = core.objects.encryption_of(context, bucket, request)
    core.uploads.insert(
        Upload(
            upload_id=upload_id,
            bucket=bucket.name,
            key=request["Key"],
            initiated_at_ms=whole_seconds(context.now_ms),
            checksum_algorithm=algorithm,
            checksum_type=kind,
            headers={**headers, **encryption},
            tags=parse_tagging_header(context, request.get("Tagging")),
        )
    )
    return {
        "Bucket": bucket.name,
        "Key": request["Key"],
        "UploadId": upload_id,
        "ChecksumAlgorithm": algorithm or None,
        "ChecksumType": kind or None,
        **encryption,
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


def complete_multipart_upload(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Make an object of the parts that the request lists; the others are discarded."""
    refuse_members(request, *UNSUPPORTED_CHECKSUMS)
    upload = core.objects.load_upload(context.account, request["Bucket"], request["Key"], request["UploadId"])
    bucket = core.objects.load_bucket(upload.bucket, context.account)
    parts = _listed_parts(core, upload, request.get("MultipartUpload", {}).get("Parts"))
    core.objects.check_current(bucket, upload.key, request)
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
    stored = new_version(
        bucket.name,
        upload.key,
        size_bytes=start,
        etag=etag,
        now_ms=context.now_ms,
        headers=upload.headers,
        checksums=checksums,
        tags=upload.tags,
    )
    core.objects.discard_upload(upload.upload_id, keeping=[part.content_id for part in parts])
    written = core.objects.put(bucket, stored, extents)
    core.events.note_created(context, bucket, "CompleteMultipartUpload", written)
    return {
        "Location": f"{context.endpoint_url}/{bucket.name}/{upload.key}",
        "Bucket": bucket.name,
        "Key": upload.key,
        "ETag": quoted(etag),
        **checksums,
        "ChecksumType": upload.checksum_type or None,
        "VersionId": written.version_id if bucket.versioning else None,
        **{member: upload.headers[member] for member in ENCRYPTION_MEMBERS if member in upload.headers},
    }


def _listed_parts(core: S3Core, upload: Upload, listed: list[Wire] | None) -> list[Part]:
    if not listed or any("PartNumber" not in item or "ETag" not in item for item in listed):
        raise MalformedXML
    numbers = [item["PartNumber"] for item in listed]
    if any(first >= second for first, second in pairwise(numbers)):
        raise InvalidPartOrder
    uploaded = {part.part_number: part for part in core.uploads.parts(upload.upload_id)}
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


def abort_multipart_upload(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Discard an upload."""
    core.objects.discard_upload(
        core.objects.load_upload(context.account, request["Bucket"], request["Key"], request["UploadId"]).upload_id
    )
    return {}
