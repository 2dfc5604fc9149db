"""Writing, finding and deleting versions of objects: what every operation on objects shares.

Promises: bytes that no version or upload refers to any more are deleted, in the same transaction or, if they are many,
soon after it. Knows nothing of requests' members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from onebox.ids import Ids
from onebox.services.context import RequestContext
from onebox.services.s3.encryption import encryption_of
from onebox.services.s3.errors import (
    AccessDenied,
    MethodNotAllowed,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NoSuchVersion,
)
from onebox.services.s3.model import NULL_VERSION, Bucket, Deletion, Extent, StoredObject, Upload
from onebox.services.s3.rules import check_write_conditions, whole_seconds
from onebox.services.s3.store.buckets import BucketStore
from onebox.services.s3.store.contents import ContentStore
from onebox.services.s3.store.uploads import UploadStore
from onebox.services.s3.store.versions import VersionStore


class Objects:
    """Keeps versions, contents and uploads consistent."""

    def __init__(
        self, *, buckets: BucketStore, contents: ContentStore, versions: VersionStore, uploads: UploadStore, ids: Ids
    ) -> None:
        self._buckets = buckets
        self._contents = contents
        self._versions = versions
        self._uploads = uploads
        self._ids = ids

    def load_bucket(self, name: str, account: str) -> Bucket:
        """The account's bucket. Raises NoSuchBucket or, for another account's, AccessDenied."""
        bucket = self._buckets.find(name)
        if bucket is None:
            raise NoSuchBucket(BucketName=name)
        if bucket.account != account:
            raise AccessDenied
        return bucket

    def load(self, bucket: str, key: str, version_id: str | None = None) -> StoredObject:
        """A version, the current one by default. Raises NoSuchKey, NoSuchVersion or MethodNotAllowed."""
        if version_id is None:
            stored = self._versions.find_latest(bucket, key)
            if stored is None or stored.is_delete_marker:
                raise NoSuchKey(Key=key)
            return stored
        stored = self._versions.find_version(bucket, key, version_id)
        if stored is None:
            raise NoSuchVersion(Key=key, VersionId=version_id)
        if stored.is_delete_marker:
            raise MethodNotAllowed(Method="GET", ResourceType="DeleteMarker")
        return stored

    def find_current(self, bucket: str, key: str) -> StoredObject | None:
        """The current object; None where there is none or it is deleted."""
        stored = self._versions.find_latest(bucket, key)
        return None if stored is None or stored.is_delete_marker else stored

    def encryption_of(self, context: RequestContext, bucket: Bucket, request: Mapping[str, Any]) -> dict[str, Any]:
        """The encryption of an object that is written: what its request asks for, else the bucket's."""
        return encryption_of(context, request, self._buckets.find_setting(bucket.name, "encryption"))

    def check_current(self, bucket: Bucket, key: str, conditions: Mapping[str, Any]) -> None:
        """If-Match and If-None-Match of a write. Raises PreconditionFailed or, where If-Match finds no object,
        NoSuchKey."""
        if "IfMatch" in conditions or "IfNoneMatch" in conditions:
            current = self.find_current(bucket.name, key)
            if not check_write_conditions(conditions, current.etag if current is not None else None):
                raise NoSuchKey(Key=key)

    def put(self, bucket: Bucket, stored: StoredObject, extents: Sequence[Extent]) -> StoredObject:
        """Make ``stored`` the newest version, under the version id that the bucket's versioning gives it."""
        version_id = self._ids.token(32) if bucket.keeps_versions else NULL_VERSION
        if version_id == NULL_VERSION:
            replaced = self._versions.find_version(bucket.name, stored.key, NULL_VERSION)
            if replaced is not None:
                self._remove(replaced)
        self._versions.supersede(bucket.name, stored.key, stored.modified_at_ms)
        written = replace(stored, version_id=version_id, modified_at_ms=whole_seconds(stored.modified_at_ms))
        self._versions.insert_latest(written, extents)
        return written

    def delete(self, bucket: Bucket, key: str, now_ms: int) -> Deletion:
        """Delete the current object: for good, or behind a delete marker where versions are kept."""
        if not bucket.versioning:
            stored = self._versions.find_version(bucket.name, key, NULL_VERSION)
            if stored is not None:
                self._remove(stored)
            return Deletion(None, is_delete_marker=False, outcome=None if stored is None else "Delete")
        marker = StoredObject(
            object_id=0,
            bucket=bucket.name,
            key=key,
            version_id="",
            is_latest=True,
            is_delete_marker=True,
            size_bytes=0,
            etag="",
            modified_at_ms=now_ms,
            headers={},
            checksums={},
            tags={},
        )
        version_id = self.put(bucket, marker, ()).version_id
        return Deletion(version_id, is_delete_marker=True, outcome="DeleteMarkerCreated")

    def delete_version(self, bucket: Bucket, key: str, version_id: str) -> Deletion:
        """Delete one version for good; the one before it becomes the newest. Harmless if there is none."""
        stored = self._versions.find_version(bucket.name, key, version_id)
        if stored is None:
            return Deletion(version_id, is_delete_marker=False, outcome=None)
        self._remove(stored)
        if stored.is_latest:
            self._versions.promote_newest(bucket.name, key)
        return Deletion(version_id, is_delete_marker=stored.is_delete_marker, outcome="Delete")

    def load_upload(self, account: str, bucket: str, key: str, upload_id: str) -> Upload:
        """An upload in progress in the account's bucket. Raises NoSuchBucket, AccessDenied or NoSuchUpload."""
        self.load_bucket(bucket, account)
        upload = self._uploads.find(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise NoSuchUpload(UploadId=upload_id)
        return upload

    def discard_upload(self, upload_id: str, *, keeping: Sequence[int] = ()) -> int:
        """Forget an upload and the bytes of its parts, except contents that an object has taken over. How many parts
        there were."""
        content_ids = [part.content_id for part in self._uploads.parts(upload_id)]
        self._uploads.delete(upload_id)
        kept = set(keeping)
        self._contents.delete([content_id for content_id in content_ids if content_id not in kept])
        return len(content_ids)

    def read(self, stored: StoredObject, first_byte: int = 0, size_bytes: int | None = None) -> bytes:
        """A stretch of a version's bytes, the whole by default."""
        extents = self._versions.extents(stored.object_id)
        return self._contents.read(extents, first_byte, stored.size_bytes if size_bytes is None else size_bytes)

    def _remove(self, stored: StoredObject) -> None:
        content_ids = [extent.content_id for extent in self._versions.extents(stored.object_id)]
        self._versions.delete(stored.object_id)
        self._contents.delete(content_ids)
