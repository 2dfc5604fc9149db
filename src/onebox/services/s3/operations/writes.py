"""PutObject and CopyObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.checksums import SLOW_ALGORITHMS
from onebox.services.s3.errors import InvalidArgument, InvalidRequest, NoSuchKey
from onebox.services.s3.model import NULL_VERSION, Bucket, Extent, StoredObject
from onebox.services.s3.operations.refusals import refuse_unsupported_on_objects
from onebox.services.s3.rules import (
    check_copy_conditions,
    check_key,
    check_md5,
    check_metadata,
    check_write_conditions,
    checked_checksums,
    etag_of,
    quoted,
    wanted_checksum,
)

if TYPE_CHECKING:
    from onebox.services.s3.service import S3

KEPT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "ServerSideEncryption",
    "StorageClass",
)
"""Members of a write that a read gives back."""
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_STORAGE_CLASSES = frozenset(
    {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY", "GLACIER_IR"}
)


async def put_object(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Store an object in one piece."""
    key = request["Key"]
    headers = checked_headers(request)
    check_key(key)
    data = request.get("Body", b"")
    etag, checksums = await digests(request, data, "")

    def write() -> Wire:
        bucket = s3.objects.load_bucket(request["Bucket"], context.account)
        check_current(s3, bucket, key, request)
        extent = Extent(1, 0, len(data), s3.objects.contents.insert(data))
        stored = StoredObject(0, bucket.name, key, "", True, False, len(data), etag, context.now_ms, headers, checksums)
        written = s3.objects.put(bucket, stored, [extent] if data else [])
        return write_result(written, bucket)

    return await s3.deps.storage.write(write)


def checked_headers(request: Wire) -> dict[str, Any]:
    """The members to keep with the object. Raises for what is not offered or not allowed."""
    refuse_unsupported_on_objects(request)
    if request.get("StorageClass", "STANDARD") not in _STORAGE_CLASSES:
        raise InvalidArgument("The storage class you specified is not valid", Code="InvalidStorageClass")
    check_metadata(request.get("Metadata", {}))
    return {name: request[name] for name in KEPT_HEADERS if name in request}


async def digests(request: Wire, data: bytes, default_algorithm: str) -> tuple[str, dict[str, str]]:
    """The entity tag and the checksum of what came. Raises BadDigest and its like."""
    wanted = wanted_checksum(request)
    etag = etag_of(data)
    check_md5(request.get("ContentMD5"), etag)
    algorithm = wanted[0] if wanted else default_algorithm
    if algorithm in SLOW_ALGORITHMS and len(data) > 64 * 1024:
        return etag, await asyncio.to_thread(checked_checksums, wanted, default_algorithm, data)
    return etag, checked_checksums(wanted, default_algorithm, data)


def check_current(s3: S3, bucket: Bucket, key: str, request: Wire) -> None:
    """The conditions of a write. Raises PreconditionFailed or, for If-Match without an object, NoSuchKey."""
    if "IfMatch" in request or "IfNoneMatch" in request:
        current = s3.objects.find_current(bucket.name, key)
        if not check_write_conditions(request, current.etag if current is not None else None):
            raise NoSuchKey(Key=key)


def write_result(stored: StoredObject, bucket: Bucket) -> Wire:
    """What a write answers."""
    result: Wire = {"ETag": quoted(stored.etag), **stored.checksums}
    if stored.checksums:
        result["ChecksumType"] = "FULL_OBJECT"
    if "ServerSideEncryption" in stored.headers:
        result["ServerSideEncryption"] = stored.headers["ServerSideEncryption"]
    if bucket.versioning:
        result["VersionId"] = stored.version_id
    return result


def copy_object(s3: S3, context: RequestContext, request: Wire) -> Wire:
    """Store a copy of an object, with its headers or with new ones."""
    headers = checked_headers(request)
    check_key(request["Key"])
    source_bucket, source_key, version_id = parse_copy_source(request["CopySource"])
    s3.objects.load_bucket(source_bucket, context.account)
    source = s3.objects.load(source_bucket, source_key, version_id)
    check_copy_conditions(request, source.etag, source.modified_at_ms)
    replaces = request.get("MetadataDirective", "COPY") == "REPLACE"
    _refuse_pointless_copy(request, source, replaces, version_id)
    bucket = s3.objects.load_bucket(request["Bucket"], context.account)
    check_current(s3, bucket, request["Key"], request)
    if not replaces:
        own: dict[str, Any] = {
            name: headers[name] for name in ("StorageClass", "ServerSideEncryption") if name in headers
        }
        kept = {name: value for name, value in source.headers.items() if name != "StorageClass"}
        headers = {**kept, **own}
    extents = [Extent(1, 0, source.size_bytes, s3.objects.contents.copy(s3.objects.rows.extents(source.object_id)))]
    # A copy is of one piece, but its entity tag stays that of the source, whose bytes it has.
    stored = StoredObject(
        0,
        bucket.name,
        request["Key"],
        "",
        True,
        False,
        source.size_bytes,
        source.etag,
        context.now_ms,
        headers,
        source.checksums,
    )
    written = s3.objects.put(bucket, stored, extents if source.size_bytes else [])
    result: Wire = {
        "CopyObjectResult": {"ETag": quoted(source.etag), "LastModified": written.modified_at_ms, **source.checksums},
        "ServerSideEncryption": headers.get("ServerSideEncryption"),
    }
    if bucket.versioning:
        result["VersionId"] = written.version_id
    if source.version_id != NULL_VERSION:
        result["CopySourceVersionId"] = source.version_id
    return result


def _refuse_pointless_copy(request: Wire, source: StoredObject, replaces: bool, version_id: str | None) -> None:
    onto_itself = (request["Bucket"], request["Key"]) == (source.bucket, source.key) and version_id is None
    if onto_itself and not replaces and not {"StorageClass", "ServerSideEncryption"} & request.keys():
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )


def parse_copy_source(text: str) -> tuple[str, str, str | None]:
    """``bucket/key?versionId=…``, percent-encoded, in its parts. Raises InvalidArgument."""
    path, _, query = text.partition("?versionId=")
    bucket, _, key = unquote_plus(path).lstrip("/").partition("/")
    if not bucket or not key or bucket.startswith("arn:"):
        raise InvalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=text,
        )
    return bucket, key, unquote_plus(query) or None
