"""DeleteObject and DeleteObjects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import MalformedXML, PreconditionFailed
from onebox.services.s3.limits import DELETED_AT_ONCE_MAX
from onebox.services.s3.model import Bucket, Deletion
from onebox.services.s3.refusals import refuse_members
from onebox.services.s3.rules import check_write_conditions


def delete_object(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Delete an object, or one version of it for good. Deleting what is not there succeeds."""
    refuse_members(request, "MFA", "IfMatchLastModifiedTime", "IfMatchSize")
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    deletion = _delete(core, context, bucket, request)
    result: Wire = {}
    if deletion.version_id is not None:
        result["VersionId"] = deletion.version_id
    if deletion.is_delete_marker:
        result["DeleteMarker"] = True
    return result


def _delete(core: S3Core, context: RequestContext, bucket: Bucket, wanted: Wire) -> Deletion:
    key, version_id = wanted["Key"], wanted.get("VersionId")
    condition = wanted.get("IfMatch") or wanted.get("ETag")
    if condition is not None:
        current = core.objects.find_current(bucket.name, key)
        if not check_write_conditions({"IfMatch": condition}, current.etag if current is not None else None):
            raise PreconditionFailed(Condition="If-Match")
    if version_id is not None:
        deletion = core.objects.delete_version(bucket, key, version_id)
    else:
        deletion = core.objects.delete(bucket, key, context.now_ms)
    core.events.note_deletion(context, bucket, key, deletion)
    return deletion


def delete_objects(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Delete many; each succeeds or fails by itself."""
    refuse_members(request, "MFA")
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    wanted = request["Delete"]["Objects"]
    if not 1 <= len(wanted) <= DELETED_AT_ONCE_MAX:
        raise MalformedXML
    deleted: list[Wire] = []
    errors: list[Wire] = []
    for item in wanted:
        refuse_members(item, "LastModifiedTime", "Size")
        try:
            deletion = _delete(core, context, bucket, item)
        except PreconditionFailed as error:
            errors.append({"Key": item["Key"], "Code": error.wire_code, "Message": error.message})
            continue
        deleted.append(_entry(item, deletion))
    if request["Delete"].get("Quiet"):
        return {"Errors": errors}
    return {"Deleted": deleted, "Errors": errors}


def _entry(item: Wire, deletion: Deletion) -> Wire:
    entry: Wire = {"Key": item["Key"], "VersionId": item.get("VersionId")}
    if deletion.is_delete_marker:
        entry["DeleteMarker"] = True
        entry["DeleteMarkerVersionId"] = deletion.version_id
    return entry
