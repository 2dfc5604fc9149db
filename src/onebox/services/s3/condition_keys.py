"""The condition keys of S3's requests. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from onebox.services.context import Wire
from onebox.services.s3.limits import BUCKET_TAGS_MAX

CONDITION_KEYS = (
    "s3:ExistingObjectTag/…",
    "s3:RequestObjectTag/…",
    "s3:RequestObjectTagKeys",
    "s3:VersionId",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:x-amz-acl",
    "s3:x-amz-copy-source",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-storage-class",
)
_MEMBERS = {
    "VersionId": "s3:VersionId",
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "s3:x-amz-storage-class",
}
_LISTING_MEMBERS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}


def find_condition_keys(object_tags: Mapping[str, str], request: Wire) -> dict[str, str | Iterable[str]]:
    """The keys of a request; ``object_tags`` are those of the version that it names."""
    members = {**_MEMBERS, **_LISTING_MEMBERS} if "Key" not in request else _MEMBERS
    keys: dict[str, str | Iterable[str]] = {
        key: str(request[member]) for member, key in members.items() if request.get(member) is not None
    }
    keys.update({f"s3:ExistingObjectTag/{name}": value for name, value in object_tags.items()})
    tags = _requested_tags(request)
    keys.update({f"s3:RequestObjectTag/{name}": value for name, value in tags.items()})
    if tags:
        keys["s3:RequestObjectTagKeys"] = list(tags)
    return keys


def _requested_tags(request: Wire) -> dict[str, str]:
    """The tags for an object in a request; what does not parse contributes nothing and is refused by the operation."""
    if "Key" not in request:
        return {}
    tagging = request.get("Tagging")
    if isinstance(tagging, str):
        try:
            return dict(parse_qsl(tagging, keep_blank_values=True, max_num_fields=BUCKET_TAGS_MAX))
        except ValueError:
            return {}
    if isinstance(tagging, dict):
        return {tag["Key"]: tag["Value"] for tag in tagging.get("TagSet", ())}
    return {}
