"""Where listings come from: current objects, all versions of them, or uploads in progress."""

from __future__ import annotations

from onebox.services.s3.model import StoredObject, Upload
from onebox.services.s3.store.uploads import UploadPosition, UploadStore
from onebox.services.s3.store.versions import VersionStore


class CurrentObjects:
    """Current objects of a bucket by key; a position is the first key."""

    def __init__(self, rows: VersionStore, bucket: str) -> None:
        self._rows = rows
        self._bucket = bucket

    def load(self, position: str, end_key: str | None, limit: int) -> list[StoredObject]:
        return self._rows.page(self._bucket, position, end_key, limit)

    def at_key(self, key: str) -> str:
        return key

    def after_entry(self, entry: StoredObject) -> str:
        return entry.key + "\0"


VersionPosition = tuple[str, "int | None"]
"""A key, and the object id before which its versions are wanted; all of them for None."""


class AllVersions:
    """Versions and delete markers of a bucket by key, the newest of each first."""

    def __init__(self, rows: VersionStore, bucket: str) -> None:
        self._rows = rows
        self._bucket = bucket

    def load(self, position: VersionPosition, end_key: str | None, limit: int) -> list[StoredObject]:
        return self._rows.version_page(self._bucket, position[0], position[1], end_key, limit)

    def at_key(self, key: str) -> VersionPosition:
        return key, None

    def after_entry(self, entry: StoredObject) -> VersionPosition:
        return entry.key, entry.object_id


class OpenUploads:
    """Uploads in progress of a bucket by key and id."""

    def __init__(self, rows: UploadStore, bucket: str) -> None:
        self._rows = rows
        self._bucket = bucket

    def load(self, position: UploadPosition, end_key: str | None, limit: int) -> list[Upload]:
        return self._rows.page(self._bucket, position, end_key, limit)

    def at_key(self, key: str) -> UploadPosition:
        return key, ""

    def after_entry(self, entry: Upload) -> UploadPosition:
        return entry.key, entry.upload_id
