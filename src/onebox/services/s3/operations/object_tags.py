"""Tags of objects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.model import Bucket, StoredObject
from onebox.services.s3.tagging import parse_tag_set, tag_set


def put_object_tagging(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the tags of a version."""
    bucket, stored = _load(core, context, request)
    core.versions.set_tags(stored.object_id, parse_tag_set(context, request["Tagging"]))
    core.events.note_tagging(context, bucket, "Put", stored)
    return _version(bucket, stored)


def get_object_tagging(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The tags of a version."""
    bucket, stored = _load(core, context, request)
    return {"TagSet": tag_set(stored.tags), **_version(bucket, stored)}


def delete_object_tagging(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Remove all tags of a version."""
    bucket, stored = _load(core, context, request)
    core.versions.set_tags(stored.object_id, {})
    core.events.note_tagging(context, bucket, "Delete", stored)
    return _version(bucket, stored)


def _load(core: S3Core, context: RequestContext, request: Wire) -> tuple[Bucket, StoredObject]:
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    return bucket, core.objects.load(bucket.name, request["Key"], request.get("VersionId"))


def _version(bucket: Bucket, stored: StoredObject) -> Wire:
    return {"VersionId": stored.version_id} if bucket.versioning else {}
