"""The members of a write that are kept with the object and given back by reads. Pure."""

from __future__ import annotations

from typing import Any

from onebox.services.context import Wire
from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.refusals import refuse_unsupported_on_objects
from onebox.services.s3.rules import check_metadata

KEPT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "StorageClass",
)
"""Members of a write that a read gives back."""
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_STORAGE_CLASSES = frozenset(
    {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY", "GLACIER_IR"}
)


def checked_headers(request: Wire) -> dict[str, Any]:
    """The members to keep with the object. Raises for what is not offered or not allowed."""
    refuse_unsupported_on_objects(request)
    if request.get("StorageClass", "STANDARD") not in _STORAGE_CLASSES:
        raise InvalidArgument("The storage class you specified is not valid", Code="InvalidStorageClass")
    check_metadata(request.get("Metadata", {}))
    return {name: request[name] for name in KEPT_HEADERS if name in request}
