"""GetObject and HeadObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""

from __future__ import annotations

from collections.abc import AsyncIterator

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.bodies import SLICE_BYTES, BytesGone
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import InvalidPart, InvalidRequest
from onebox.services.s3.headers import DEFAULT_CONTENT_TYPE
from onebox.services.s3.model import Bucket, StoredObject
from onebox.services.s3.refusals import refuse_members
from onebox.services.s3.rules import check_read_conditions, checksum_type, parse_range, quoted

_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}


async def get_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """An object or a stretch of it."""
    gone = -1
    while True:
        bucket, stored, stretch = _load(core, context, request)
        first_byte, size_bytes = stretch or (0, stored.size_bytes)
        result = _described(core, request, bucket, stored, stretch)
        extents = core.versions.extents(stored.object_id)
        try:
            if size_bytes <= SLICE_BYTES:
                result["Body"] = await core.bodies.read(extents, first_byte, size_bytes)
            else:  # sent as it is read, so that no answer has gigabytes in memory
                slices = core.bodies.slices(extents, first_byte, size_bytes)
                result["Body"] = _continued(await anext(slices), slices)
                await core.deps.storage.durable()  # what is sent before a commit must be on disk
        except BytesGone:
            if stored.object_id == gone:
                raise  # the object is there, and its bytes are not: a fault of ours
            gone = stored.object_id
            continue  # it was replaced meanwhile: answer the new object, or that there is none
        return result


async def _continued(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in others:
        yield part


def head_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """What GetObject would answer, without the bytes."""
    return _described(core, request, *_load(core, context, request))


def _load(core: S3Core, context: RequestContext, request: Wire) -> tuple[Bucket, StoredObject, tuple[int, int] | None]:
    refuse_members(request, "SSECustomerAlgorithm", "SSECustomerKey")
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    stored = core.objects.load(bucket.name, request["Key"], request.get("VersionId"))
    check_read_conditions(request, stored.etag, stored.modified_at_ms)
    if "PartNumber" in request:
        return bucket, stored, _part_stretch(core, stored, request)
    return bucket, stored, parse_range(request.get("Range"), stored.size_bytes)


def _part_stretch(core: S3Core, stored: StoredObject, request: Wire) -> tuple[int, int] | None:
    if "Range" in request:
        raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
    extents = core.versions.extents(stored.object_id)
    number = request["PartNumber"]
    if number == 1 and len(extents) <= 1:
        return None
    if not 1 <= number <= len(extents):
        raise InvalidPart("The requested partnumber is not satisfiable", PartNumberRequested=number)
    extent = extents[number - 1]
    return extent.start_byte, extent.size_bytes


def _described(
    core: S3Core, request: Wire, bucket: Bucket, stored: StoredObject, stretch: tuple[int, int] | None
) -> Wire:
    result: Wire = {
        "AcceptRanges": "bytes",
        "LastModified": stored.modified_at_ms,
        "ETag": quoted(stored.etag),
        "ContentType": DEFAULT_CONTENT_TYPE,
        "ServerSideEncryption": "AES256",
        **stored.headers,
    }
    if result.get("StorageClass") == "STANDARD":
        del result["StorageClass"]
    for name, member in _OVERRIDES.items():
        if name in request:
            result[member] = request[name]
    if stored.tags:
        result["TagCount"] = len(stored.tags)
    if bucket.versioning:
        result["VersionId"] = stored.version_id
    if stretch is None:
        result["ContentLength"] = stored.size_bytes
        if request.get("ChecksumMode") == "ENABLED" and stored.checksums:
            result |= stored.checksums
            result["ChecksumType"] = checksum_type(stored.checksums)
    else:
        first_byte, size_bytes = stretch
        result["ContentLength"] = size_bytes
        result["ContentRange"] = f"bytes {first_byte}-{first_byte + size_bytes - 1}/{stored.size_bytes}"
    if "PartNumber" in request and "-" in stored.etag:
        result["PartsCount"] = int(stored.etag.partition("-")[2])
    return result
