"""What S3 keeps, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NULL_VERSION = "null"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. ``versioning`` is ``""``, ``Enabled`` or ``Suspended``."""

    name: str
    account: str
    region: str
    created_at_ms: int
    versioning: str

    @property
    def keeps_versions(self) -> bool:
        """Whether a new object leaves the earlier ones in place."""
        return self.versioning == "Enabled"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of an object, or a delete marker."""

    object_id: int
    bucket: str
    key: str
    version_id: str
    is_latest: bool
    is_delete_marker: bool
    size_bytes: int
    etag: str
    """Without quotation marks."""
    modified_at_ms: int
    headers: dict[str, object]
    checksums: dict[str, str]
    tags: dict[str, str]


def new_version(
    bucket: str,
    key: str,
    *,
    size_bytes: int,
    etag: str,
    now_ms: int,
    headers: dict[str, object],
    checksums: dict[str, str],
    tags: dict[str, str],
) -> StoredObject:
    """An object that is about to be stored; its ids are given when it is."""
    return StoredObject(
        object_id=0,
        bucket=bucket,
        key=key,
        version_id="",
        is_latest=True,
        is_delete_marker=False,
        size_bytes=size_bytes,
        etag=etag,
        modified_at_ms=now_ms,
        headers=headers,
        checksums=checksums,
        tags=tags,
    )


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion did."""

    version_id: str | None
    is_delete_marker: bool
    outcome: Literal["Delete", "DeleteMarkerCreated"] | None
    """As events call it; None if there was nothing to delete."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A stretch of an object that one content holds; one for each part of its upload."""

    part_number: int
    start_byte: int
    size_bytes: int
    content_id: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload in progress."""

    upload_id: str
    bucket: str
    key: str
    initiated_at_ms: int
    checksum_algorithm: str
    checksum_type: str
    headers: dict[str, object]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an upload."""

    part_number: int
    content_id: int
    size_bytes: int
    etag: str
    modified_at_ms: int
    checksums: dict[str, str]


def owner_id(account: str) -> str:
    """The canonical user id of an account: 64 hexadecimal digits."""
    return account.rjust(64, "0")
