"""The SQL of objects and their versions, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from onebox.services.s3.model import Extent, StoredObject
from onebox.storage.database import Row, Storage

_COLUMNS = (
    "object_id, bucket, key, version_id, is_latest, is_delete_marker, size_bytes, etag, modified_at_ms, "
    "headers, checksums, tags"
)


class VersionStore:
    """Objects, one row for each version."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find_latest(self, bucket: str, key: str) -> StoredObject | None:
        """The newest version, a delete marker perhaps."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM s3_object WHERE bucket = ? AND key = ? AND is_latest = 1", (bucket, key)
        )
        return _object(row) if row else None

    def find_version(self, bucket: str, key: str, version_id: str) -> StoredObject | None:
        """One version."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM s3_object WHERE bucket = ? AND key = ? AND version_id = ?",
            (bucket, key, version_id),
        )
        return _object(row) if row else None

    def insert_latest(self, stored: StoredObject, extents: Sequence[Extent]) -> None:
        """Add a version as the newest. No earlier version may be marked so any more; ``object_id`` is ignored."""
        self._storage.execute(
            "INSERT INTO s3_object (bucket, key, version_id, is_latest, is_delete_marker, size_bytes, etag, "
            "modified_at_ms, headers, checksums, tags) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
            (
                stored.bucket,
                stored.key,
                stored.version_id,
                int(stored.is_delete_marker),
                stored.size_bytes,
                stored.etag,
                stored.modified_at_ms,
                orjson.dumps(stored.headers).decode(),
                orjson.dumps(stored.checksums).decode(),
                orjson.dumps(stored.tags).decode(),
            ),
        )
        object_id = self._storage.last_insert_id()
        self._storage.executemany(
            "INSERT INTO s3_extent (object_id, part_number, start_byte, size_bytes, content_id) VALUES (?, ?, ?, ?, ?)",
            [(object_id, one.part_number, one.start_byte, one.size_bytes, one.content_id) for one in extents],
        )

    def set_tags(self, object_id: int, tags: dict[str, str]) -> None:
        """Replace the tags of a version."""
        self._storage.execute(
            "UPDATE s3_object SET tags = ? WHERE object_id = ?", (orjson.dumps(tags).decode(), object_id)
        )

    def supersede(self, bucket: str, key: str, now_ms: int) -> None:
        """The newest version is no longer the newest."""
        self._storage.execute(
            "UPDATE s3_object SET is_latest = 0, superseded_at_ms = ? WHERE bucket = ? AND key = ? AND is_latest = 1",
            (now_ms, bucket, key),
        )

    def promote_newest(self, bucket: str, key: str) -> None:
        """After the newest version was removed, the one before it is the newest."""
        self._storage.execute(
            "UPDATE s3_object SET is_latest = 1, superseded_at_ms = NULL WHERE object_id = "
            "(SELECT object_id FROM s3_object WHERE bucket = ? AND key = ? ORDER BY object_id DESC LIMIT 1)",
            (bucket, key),
        )

    def delete(self, object_id: int) -> None:
        """Remove one version with its extents."""
        self._storage.execute("DELETE FROM s3_object WHERE object_id = ?", (object_id,))

    def extents(self, object_id: int) -> list[Extent]:
        """Where the bytes of a version are, in their order."""
        rows = self._storage.all(
            "SELECT part_number, start_byte, size_bytes, content_id FROM s3_extent WHERE object_id = ? "
            "ORDER BY part_number",
            (object_id,),
        )
        return [Extent(*row) for row in rows]

    def is_bucket_empty(self, bucket: str) -> bool:
        """Whether a bucket has neither objects nor versions of them."""
        return self._storage.first("SELECT 1 FROM s3_object WHERE bucket = ? LIMIT 1", (bucket,)) is None

    def page(self, bucket: str, first_key: str, end_key: str | None, limit: int) -> list[StoredObject]:
        """Current objects in the order of their keys, from ``first_key`` to before ``end_key``."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM s3_object WHERE bucket = ? AND is_latest = 1 AND is_delete_marker = 0 "
            f"AND key >= ? {'AND key < ?' if end_key is not None else ''} ORDER BY key LIMIT ?",
            (bucket, first_key, *((end_key,) if end_key is not None else ()), limit),
        )
        return [_object(row) for row in rows]

    def version_page(
        self, bucket: str, first_key: str, before_object_id: int | None, end_key: str | None, limit: int
    ) -> list[StoredObject]:
        """Versions by key, the newest of a key first; of ``first_key`` only those before ``before_object_id``."""
        found: list[Row] = []
        if before_object_id is not None:
            found = self._storage.all(
                f"SELECT {_COLUMNS} FROM s3_object WHERE bucket = ? AND key = ? AND object_id < ? "
                "ORDER BY object_id DESC LIMIT ?",
                (bucket, first_key, before_object_id, limit),
            )
        comparison = ">=" if before_object_id is None else ">"
        if len(found) < limit:
            found += self._storage.all(
                f"SELECT {_COLUMNS} FROM s3_object WHERE bucket = ? AND key {comparison} ? "
                f"{'AND key < ?' if end_key is not None else ''} ORDER BY key, object_id DESC LIMIT ?",
                (bucket, first_key, *((end_key,) if end_key is not None else ()), limit - len(found)),
            )
        return [_object(row) for row in found]

    def is_only_version(self, stored: StoredObject) -> bool:
        """Whether a key has no other version."""
        rows = self._storage.all(
            "SELECT 1 FROM s3_object WHERE bucket = ? AND key = ? LIMIT 2", (stored.bucket, stored.key)
        )
        return len(rows) == 1

    def count_newer_earlier(self, stored: StoredObject, limit: int) -> int:
        """How many versions of a key are newer than one and not the newest; counted up to ``limit``."""
        rows = self._storage.all(
            "SELECT 1 FROM s3_object WHERE bucket = ? AND key = ? AND object_id > ? AND is_latest = 0 LIMIT ?",
            (stored.bucket, stored.key, stored.object_id, limit),
        )
        return len(rows)

    def superseded_at_ms(self, object_id: int) -> int | None:
        """When a version ceased to be the newest; None while it is."""
        row = self._storage.first("SELECT superseded_at_ms FROM s3_object WHERE object_id = ?", (object_id,))
        return row[0] if row else None


def _object(row: Row) -> StoredObject:
    (
        object_id,
        bucket,
        key,
        version_id,
        is_latest,
        is_delete_marker,
        size,
        etag,
        modified,
        headers,
        checksums,
        tags,
    ) = row
    return StoredObject(
        object_id=object_id,
        bucket=bucket,
        key=key,
        version_id=version_id,
        is_latest=bool(is_latest),
        is_delete_marker=bool(is_delete_marker),
        size_bytes=size,
        etag=etag,
        modified_at_ms=modified,
        headers=orjson.loads(headers),
        checksums=orjson.loads(checksums),
        tags=orjson.loads(tags),
    )
