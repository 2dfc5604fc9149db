"""ListObjectsV2, ListObjects and ListObjectVersions.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.limits import LISTED_MAX
from onebox.services.s3.listing import Listing, first_key_after, list_from
from onebox.services.s3.listing_sources import AllVersions, CurrentObjects, VersionPosition
from onebox.services.s3.model import StoredObject, owner_id
from onebox.services.s3.rules import key_after_prefix, quoted


def list_objects_v2(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """A page of current objects."""
    after = request.get("StartAfter", "")
    if "ContinuationToken" in request:
        after = _parse_token(request["ContinuationToken"])
    listing = _list_current(core, context, request, after)
    owner = {"ID": owner_id(context.account)} if request.get("FetchOwner") else None
    result = _page(request, listing, owner)
    result["KeyCount"] = listing.count
    if listing.is_truncated:
        result["NextContinuationToken"] = _make_token(listing.last)
    if "ContinuationToken" in request:
        result["ContinuationToken"] = request["ContinuationToken"]
    if "StartAfter" in request:
        result["StartAfter"] = encoder(request)(request["StartAfter"])
    return result


def list_objects(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The same in its older form, with markers."""
    marker = request.get("Marker", "")
    listing = _list_current(core, context, request, marker)
    result = _page(request, listing, {"ID": owner_id(context.account)})
    encode = encoder(request)
    result["Marker"] = encode(marker)
    if listing.is_truncated and request.get("Delimiter"):
        result["NextMarker"] = encode(listing.last)
    return result


def _list_current(core: S3Core, context: RequestContext, request: Wire, after: str) -> Listing[StoredObject]:
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    limit = _limit(request)
    if limit == 0:
        return Listing()
    source = CurrentObjects(core.versions, bucket.name)
    begin = first_key_after(after, prefix, delimiter)
    return list_from(source, begin, end_key=key_after_prefix(prefix), prefix=prefix, delimiter=delimiter, limit=limit)


def _limit(request: Wire) -> int:
    limit: int = request.get("MaxKeys", LISTED_MAX)
    if limit < 0:
        raise InvalidArgument(
            "Argument maxKeys must be an integer between 0 and 2147483647",
            ArgumentName="maxKeys",
            ArgumentValue=str(limit),
        )
    return min(limit, LISTED_MAX)


def _page(request: Wire, listing: Listing[StoredObject], owner: Wire | None) -> Wire:
    encode = encoder(request)
    return {
        "Name": request["Bucket"],
        "Prefix": encode(request.get("Prefix", "")),
        "MaxKeys": _limit(request),
        "Delimiter": encode(request["Delimiter"]) if "Delimiter" in request else None,
        "EncodingType": request.get("EncodingType"),
        "IsTruncated": listing.is_truncated,
        "Contents": [_entry(stored, owner, encode) for stored in listing.entries],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in listing.prefixes],
    }


def _entry(stored: StoredObject, owner: Wire | None, encode: Callable[[str], str]) -> Wire:
    entry: Wire = {
        "Key": encode(stored.key),
        "LastModified": stored.modified_at_ms,
        "ETag": quoted(stored.etag),
        "Size": stored.size_bytes,
        "StorageClass": stored.headers.get("StorageClass", "STANDARD"),
        "Owner": owner,
    }
    if stored.checksums:
        member, checksum = next(iter(stored.checksums.items()))
        entry["ChecksumAlgorithm"] = [member.removeprefix("Checksum")]
        entry["ChecksumType"] = "COMPOSITE" if "-" in checksum else "FULL_OBJECT"
    return entry


def list_object_versions(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """A page of versions and delete markers, the newest of each key first."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    limit = _limit(request)
    position = _version_position(core, request)
    source = AllVersions(core.versions, bucket.name)
    listing: Listing[StoredObject] = Listing()
    if limit > 0:
        listing = list_from(
            source, position, end_key=key_after_prefix(prefix), prefix=prefix, delimiter=delimiter, limit=limit
        )
    owner = {"ID": owner_id(context.account)}
    encode = encoder(request)
    page = _page(request, listing, None)
    del page["Contents"]
    page["KeyMarker"] = encode(request.get("KeyMarker", ""))
    page["VersionIdMarker"] = request.get("VersionIdMarker", "")
    page["Versions"] = [_version(stored, owner, encode) for stored in listing.entries if not stored.is_delete_marker]
    page["DeleteMarkers"] = [_marker(stored, owner, encode) for stored in listing.entries if stored.is_delete_marker]
    if listing.is_truncated:
        page["NextKeyMarker"] = encode(listing.last)
        if listing.entries and listing.entries[-1].key == listing.last:
            page["NextVersionIdMarker"] = listing.entries[-1].version_id
    return page


def _version_position(core: S3Core, request: Wire) -> VersionPosition:
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    key_marker, version_marker = request.get("KeyMarker", ""), request.get("VersionIdMarker")
    if not version_marker:
        return first_key_after(key_marker, prefix, delimiter), None
    if not key_marker:
        raise InvalidArgument("A version-id marker cannot be specified without a key marker.")
    marked = core.versions.find_version(request["Bucket"], key_marker, version_marker)
    if marked is None:
        raise InvalidArgument("Invalid version id specified", ArgumentName="version-id-marker")
    return key_marker, marked.object_id


def _version(stored: StoredObject, owner: Wire, encode: Callable[[str], str]) -> Wire:
    return {**_entry(stored, owner, encode), "VersionId": stored.version_id, "IsLatest": stored.is_latest}


def _marker(stored: StoredObject, owner: Wire, encode: Callable[[str], str]) -> Wire:
    return {
        "Key": encode(stored.key),
        "VersionId": stored.version_id,
        "IsLatest": stored.is_latest,
        "LastModified": stored.modified_at_ms,
        "Owner": owner,
    }


def encoder(request: Wire) -> Callable[[str], str]:
    """How keys are written: as they are, or as in URLs. Raises InvalidArgument."""
    encoding = request.get("EncodingType")
    if encoding is None:
        return lambda text: text
    if encoding != "url":
        raise InvalidArgument("Invalid Encoding Method specified in Request", ArgumentName="encoding-type")
    return lambda text: quote(text, safe="/*-._")


def _make_token(last: str) -> str:
    return urlsafe_b64encode(last.encode()).decode("ascii")


def _parse_token(token: str) -> str:
    try:
        return urlsafe_b64decode(token.encode("ascii")).decode()
    except (binascii.Error, ValueError):
        raise InvalidArgument(
            "The continuation token provided is incorrect", ArgumentName="continuation-token"
        ) from None
