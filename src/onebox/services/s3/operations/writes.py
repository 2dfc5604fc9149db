"""PutObject, and PostObject, the upload by a form.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from typing import Literal

from onebox.services.context import RequestContext, Wire
from onebox.services.s3 import encryption
from onebox.services.s3.checksums import ALGORITHMS
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import InvalidRequest
from onebox.services.s3.headers import checked_headers
from onebox.services.s3.integrity import digests
from onebox.services.s3.model import Bucket, Extent, StoredObject, new_version
from onebox.services.s3.post_policy import check_post_policy
from onebox.services.s3.rules import check_key, quoted
from onebox.services.s3.tagging import parse_tag_set, parse_tagging_header


async def put_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Store an object in one piece."""
    tags = parse_tagging_header(context, request.get("Tagging"))
    return await _store(core, context, request, "Put", tags=tags, algorithm="")


async def post_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Store the file of a form, if the form's policy allows it. ``Form`` has the fields by lower-case name; without a
    policy the request itself was signed."""
    fields: dict[str, str] = request["Form"]
    core.objects.load_bucket(request["Bucket"], context.account)
    if "policy" in fields:
        check_post_policy(fields["policy"], fields, request["Bucket"], len(request["Body"]), context.now_ms)
    algorithm = request.get("ChecksumAlgorithm", "")
    if algorithm and algorithm not in ALGORITHMS:
        raise InvalidRequest("Value for x-amz-checksum-algorithm header is invalid.")
    tags = parse_tag_set(context, request["Tagging"]) if "Tagging" in request else {}
    stored = await _store(core, context, request, "Post", tags=tags, algorithm=algorithm)
    return {**stored, **{member: request[member] for member in ("Form", "Location", "Bucket", "Key")}}


async def _store(
    core: S3Core,
    context: RequestContext,
    request: Wire,
    how: Literal["Put", "Post"],
    *,
    tags: dict[str, str],
    algorithm: str,
) -> Wire:
    """Store the request's Body under its Key; ``algorithm`` is that of the checksum if the client sent none."""
    key = request["Key"]
    headers = checked_headers(request)
    check_key(key)
    data = request.get("Body", b"")
    etag, checksums = await digests(request, data, algorithm)

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
        core.events.note_created(context, bucket, how, written)
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
