"""GetObjectAttributes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.limits import LISTED_MAX
from onebox.services.s3.model import StoredObject
from onebox.services.s3.refusals import refuse_members
from onebox.services.s3.rules import checksum_type

_KNOWN = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


def get_object_attributes(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The attributes that were asked for."""
    refuse_members(request, "SSECustomerAlgorithm", "SSECustomerKey")
    wanted = request["ObjectAttributes"]
    if not wanted or any(name not in _KNOWN for name in wanted):
        raise InvalidArgument(
            "Invalid attribute name specified.", ArgumentName="x-amz-object-attributes", ArgumentValue=",".join(wanted)
        )
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    stored = core.objects.load(bucket.name, request["Key"], request.get("VersionId"))
    result: Wire = {"LastModified": stored.modified_at_ms}
    if bucket.versioning:
        result["VersionId"] = stored.version_id
    if "ETag" in wanted:
        result["ETag"] = stored.etag
    if "Checksum" in wanted and stored.checksums:
        result["Checksum"] = {**stored.checksums, "ChecksumType": checksum_type(stored.checksums)}
    if "StorageClass" in wanted:
        result["StorageClass"] = stored.headers.get("StorageClass", "STANDARD")
    if "ObjectSize" in wanted:
        result["ObjectSize"] = stored.size_bytes
    if "ObjectParts" in wanted and "-" in stored.etag:
        result["ObjectParts"] = _parts(core, stored, request)
    return result


def _parts(core: S3Core, stored: StoredObject, request: Wire) -> Wire:
    """The parts of an object that was uploaded in parts. Their checksums are not kept, so only their number is shown,
    as AWS does for objects without additional checksums of their parts."""
    extents = core.versions.extents(stored.object_id)
    marker = int(text) if (text := str(request.get("PartNumberMarker", "0"))[:9]).isdecimal() else 0
    limit = max(0, min(request.get("MaxParts", LISTED_MAX), LISTED_MAX))
    following = [extent.part_number for extent in extents if extent.part_number > marker]
    return {
        "TotalPartsCount": len(extents),
        "PartNumberMarker": str(marker),
        "NextPartNumberMarker": str(following[:limit][-1]) if following[:limit] else "0",
        "MaxParts": limit,
        "IsTruncated": len(following) > limit,
    }
