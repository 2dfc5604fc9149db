"""PutObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3 import encryption
from onebox.services.s3.core import S3Core
from onebox.services.s3.headers import checked_headers
from onebox.services.s3.integrity import digests
from onebox.services.s3.model import Bucket, Extent, StoredObject, new_version
from onebox.services.s3.rules import check_key, quoted
from onebox.services.s3.tagging import parse_tagging_header


async def put_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Store an object in one piece."""
    key = request["Key"]
    headers = checked_headers(request)
    tags = parse_tagging_header(context, request.get("Tagging"))
    check_key(key)
    data = request.get("Body", b"")
    etag, checksums = await digests(request, data, "")

    def write() -> Wire:
        bucket = core.objects.load_bucket(request["Bucket"], context.account)
        core.objects.check_current(bucket, key, request)
        extent = Extent(1, 0, len(data), core.contents.insert(data) if ahead is None else ahead)
        stored = new_version(
            bucket.name,
            key,
            size_bytes=len(data),
            etag=etag,
            now_ms=context.now_ms,
            headers={**headers, **core.objects.encryption_of(context, bucket, request)},
            checksums=checksums,
            tags=tags,
        )
        written = core.objects.put(bucket, stored, [extent] if data else [])
        core.events.note_created(context, bucket, "Put", written)
        return write_result(written, bucket)

    async with core.bodies.stored_ahead(data) as ahead:
        return await core.deps.storage.write(write)


def write_result(stored: StoredObject, bucket: Bucket) -> Wire:
    """What a write answers."""
    result: Wire = {"ETag": quoted(stored.etag), **stored.checksums}
    if stored.checksums:
        result["ChecksumType"] = "FULL_OBJECT"
    result |= {member: stored.headers[member] for member in encryption.MEMBERS if member in stored.headers}
    if bucket.versioning:
        result["VersionId"] = stored.version_id
    return result
