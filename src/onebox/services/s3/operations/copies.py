"""CopyObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""

from __future__ import annotations

from typing import Any

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.bodies import BytesGone
from onebox.services.s3.copy_source import parse_copy_source
from onebox.services.s3.core import S3Core
from onebox.services.s3.encryption import MEMBERS as ENCRYPTION_MEMBERS
from onebox.services.s3.errors import InvalidRequest, NoSuchKey
from onebox.services.s3.headers import checked_headers
from onebox.services.s3.model import NULL_VERSION, Extent, StoredObject, new_version
from onebox.services.s3.rules import check_copy_conditions, check_key, quoted
from onebox.services.s3.tagging import parse_tagging_header

_OF_ITS_OWN = ("StorageClass", *ENCRYPTION_MEMBERS)
"""Headers that a copy does not take from its source."""


async def copy_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Store a copy of an object, with its headers or with new ones."""
    headers = checked_headers(request)
    check_key(request["Key"])
    source, version_id = _load_source(core, context, request)
    replaces = request.get("MetadataDirective", "COPY") == "REPLACE"
    _refuse_pointless_copy(request, source, replaces, version_id)
    if not replaces:
        own: dict[str, Any] = {name: headers[name] for name in ("StorageClass",) if name in headers}
        headers = {**{name: value for name, value in source.headers.items() if name not in _OF_ITS_OWN}, **own}
    tags = source.tags
    if request.get("TaggingDirective", "COPY") == "REPLACE":
        tags = parse_tagging_header(context, request.get("Tagging"))
    extents = core.versions.extents(source.object_id)
    try:
        async with core.bodies.copied_ahead(extents, 0, source.size_bytes) as ahead:
            return await core.deps.storage.write(
                lambda: _write(core, context, request, source, headers=headers, tags=tags, ahead=ahead)
            )
    except BytesGone:
        raise NoSuchKey(Key=source.key) from None


def _load_source(core: S3Core, context: RequestContext, request: Wire) -> tuple[StoredObject, str | None]:
    """The source, and the version that was asked for."""
    bucket, key, version_id = parse_copy_source(request["CopySource"])
    core.objects.load_bucket(bucket, context.account)
    source = core.objects.load(bucket, key, version_id)
    check_copy_conditions(request, source.etag, source.modified_at_ms)
    return source, version_id


def _write(
    core: S3Core,
    context: RequestContext,
    request: Wire,
    source: StoredObject,
    *,
    headers: dict[str, Any],
    tags: dict[str, str],
    ahead: int | None,
) -> Wire:
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    core.objects.check_current(bucket, request["Key"], request)
    encryption = core.objects.encryption_of(context, bucket, request)
    content_id = core.contents.copy(core.versions.extents(source.object_id)) if ahead is None else ahead
    # A copy is of one piece, but its entity tag stays that of the source, whose bytes it has.
    stored = new_version(
        bucket.name,
        request["Key"],
        size_bytes=source.size_bytes,
        etag=source.etag,
        now_ms=context.now_ms,
        headers={**headers, **encryption},
        checksums=source.checksums,
        tags=tags,
    )
    extents = [Extent(1, 0, source.size_bytes, content_id)]
    written = core.objects.put(bucket, stored, extents if source.size_bytes else [])
    core.events.note_created(context, bucket, "Copy", written)
    result: Wire = {
        "CopyObjectResult": {"ETag": quoted(source.etag), "LastModified": written.modified_at_ms, **source.checksums},
        **encryption,
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
