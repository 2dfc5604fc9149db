"""The SQL of buckets and their settings, and nothing else."""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.s3.model import Bucket
from onebox.storage.database import Row, Storage

_COLUMNS = "name, account, region, created_at_ms, versioning"


class BucketStore:
    """Buckets and their settings."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, name: str) -> Bucket | None:
        """The bucket of that name, whoever owns it."""
        row = self._storage.first(f"SELECT {_COLUMNS} FROM s3_bucket WHERE name = ?", (name,))
        return _bucket(row) if row else None

    def insert(self, bucket: Bucket) -> None:
        """Add a bucket; its name must be free."""
        self._storage.execute(
            f"INSERT INTO s3_bucket ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
            (bucket.name, bucket.account, bucket.region, bucket.created_at_ms, bucket.versioning),
        )

    def delete(self, name: str) -> None:
        """Remove a bucket and its settings; it must be empty."""
        self._storage.execute("DELETE FROM s3_bucket WHERE name = ?", (name,))

    def set_versioning(self, name: str, versioning: str) -> None:
        """Switch versioning to ``Enabled`` or ``Suspended``."""
        self._storage.execute("UPDATE s3_bucket SET versioning = ? WHERE name = ?", (versioning, name))

    def page(self, account: str, prefix: str, after: str, limit: int) -> list[Bucket]:
        """An account's buckets by name, those after ``after``."""
        # Bucket names are ASCII, so the byte after all of them ends the prefix's range.
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM s3_bucket WHERE account = ? AND name > ? AND name >= ? AND name < ? "
            "ORDER BY name LIMIT ?",
            (account, after, prefix, prefix + "\x7f", limit),
        )
        return [_bucket(row) for row in rows]

    def find_setting(self, bucket: str, kind: str) -> Any:
        """A setting's document, or None."""
        row = self._storage.first(
            "SELECT document FROM s3_bucket_setting WHERE bucket = ? AND kind = ?", (bucket, kind)
        )
        return orjson.loads(row[0]) if row else None

    def put_setting(self, bucket: str, kind: str, document: Any) -> None:
        """Set or replace a setting."""
        self._storage.execute(
            "INSERT INTO s3_bucket_setting (bucket, kind, document) VALUES (?, ?, ?) "
            "ON CONFLICT (bucket, kind) DO UPDATE SET document = excluded.document",
            (bucket, kind, orjson.dumps(document).decode()),
        )

    def delete_setting(self, bucket: str, kind: str) -> None:
        """Remove a setting; harmless if there is none."""
        self._storage.execute("DELETE FROM s3_bucket_setting WHERE bucket = ? AND kind = ?", (bucket, kind))

    def buckets_with(self, kind: str) -> list[str]:
        """The names of all buckets that have a setting."""
        return [row[0] for row in self._storage.all("SELECT bucket FROM s3_bucket_setting WHERE kind = ?", (kind,))]


def _bucket(row: Row) -> Bucket:
    return Bucket(*row)
