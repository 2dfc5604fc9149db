"""Writing, finding and deleting versions of objects: what every operation on objects shares.

Promises: bytes that no version or upload refers to any more are deleted in the same transaction. Knows nothing of
requests' members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from onebox.ids import Ids
from onebox.services.s3.bucket_store import BucketStore
from onebox.services.s3.content_store import ContentStore
from onebox.services.s3.errors import AccessDenied, MethodNotAllowed, NoSuchBucket, NoSuchKey, NoSuchVersion
from onebox.services.s3.model import NULL_VERSION, Bucket, Extent, StoredObject
from onebox.services.s3.object_store import ObjectStore
from onebox.services.s3.rules import whole_seconds
from onebox.services.s3.upload_store import UploadStore
from onebox.storage.database import Storage


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion did."""

    version_id: str | None
    is_delete_marker: bool


class Objects:
    """The stores of S3, and what keeps them consistent."""

    def __init__(self, storage: Storage, ids: Ids) -> None:
        self.buckets = BucketStore(storage)
        self.contents = ContentStore(storage)
        self.rows = ObjectStore(storage)
        self.uploads = UploadStore(storage)
        self._ids = ids

    def load_bucket(self, name: str, account: str) -> Bucket:
        """The account's bucket. Raises NoSuchBucket or, for another account's, AccessDenied."""
        bucket = self.buckets.find(name)
        if bucket is None:
            raise NoSuchBucket(BucketName=name)
        if bucket.account != account:
            raise AccessDenied
        return bucket

    def load(self, bucket: str, key: str, version_id: str | None = None) -> StoredObject:
        """A version, the current one by default. Raises NoSuchKey, NoSuchVersion or MethodNotAllowed."""
        if version_id is None:
            stored = self.rows.find_latest(bucket, key)
            if stored is None or stored.is_delete_marker:
                raise NoSuchKey(Key=key)
            return stored
        stored = self.rows.find_version(bucket, key, version_id)
        if stored is None:
            raise NoSuchVersion(Key=key, VersionId=version_id)
        if stored.is_delete_marker:
            raise MethodNotAllowed(Method="GET", ResourceType="DeleteMarker")
        return stored

    def find_current(self, bucket: str, key: str) -> StoredObject | None:
        """The current object; None where there is none or it is deleted."""
        stored = self.rows.find_latest(bucket, key)
        return None if stored is None or stored.is_delete_marker else stored

    def put(self, bucket: Bucket, stored: StoredObject, extents: Sequence[Extent]) -> StoredObject:
        """Make ``stored`` the newest version, under the version id that the bucket's versioning gives it."""
        version_id = self._ids.token(32) if bucket.keeps_versions else NULL_VERSION
        if version_id == NULL_VERSION:
            replaced = self.rows.find_version(bucket.name, stored.key, NULL_VERSION)
            if replaced is not None:
                self._remove(replaced)
        self.rows.supersede(bucket.name, stored.key, stored.modified_at_ms)
        written = replace(stored, version_id=version_id, modified_at_ms=whole_seconds(stored.modified_at_ms))
        self.rows.insert_latest(written, extents)
        return written

    def delete(self, bucket: Bucket, key: str, now_ms: int) -> Deletion:
        """Delete the current object: for good, or behind a delete marker where versions are kept."""
        if not bucket.versioning:
            stored = self.rows.find_version(bucket.name, key, NULL_VERSION)
            if stored is not None:
                self._remove(stored)
            return Deletion(None, is_delete_marker=False)
        marker = StoredObject(0, bucket.name, key, "", True, True, 0, "", now_ms, {}, {})
        return Deletion(self.put(bucket, marker, ()).version_id, is_delete_marker=True)

    def delete_version(self, bucket: Bucket, key: str, version_id: str) -> Deletion:
        """Delete one version for good; the one before it becomes the newest. Harmless if there is none."""
        stored = self.rows.find_version(bucket.name, key, version_id)
        if stored is None:
            return Deletion(version_id, is_delete_marker=False)
        self._remove(stored)
        if stored.is_latest:
            self.rows.promote_newest(bucket.name, key)
        return Deletion(version_id, is_delete_marker=stored.is_delete_marker)

    def discard_upload(self, upload_id: str, *, keeping: Sequence[int] = ()) -> None:
        """Forget an upload and the bytes of its parts, except contents that an object has taken over."""
        content_ids = [part.content_id for part in self.uploads.parts(upload_id)]
        self.uploads.delete(upload_id)
        kept = set(keeping)
        self.contents.delete([content_id for content_id in content_ids if content_id not in kept])

    def read(self, stored: StoredObject, first_byte: int = 0, size_bytes: int | None = None) -> bytes:
        """A stretch of a version's bytes, the whole by default."""
        extents = self.rows.extents(stored.object_id)
        return self.contents.read(extents, first_byte, stored.size_bytes if size_bytes is None else size_bytes)

    def _remove(self, stored: StoredObject) -> None:
        content_ids = [extent.content_id for extent in self.rows.extents(stored.object_id)]
        self.rows.delete(stored.object_id)
        self.contents.delete(content_ids)
