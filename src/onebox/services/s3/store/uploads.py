"""The SQL of uploads in parts, and nothing else."""

from __future__ import annotations

import orjson

from onebox.services.s3.model import Part, Upload
from onebox.storage.database import Row, Storage

_COLUMNS = "upload_id, bucket, key, initiated_at_ms, checksum_algorithm, checksum_type, headers, tags"
_PART_COLUMNS = "part_number, content_id, size_bytes, etag, modified_at_ms, checksums"

UploadPosition = tuple[str, str]
"""A key and an upload's id; the empty id stands before all uploads of the key."""


class UploadStore:
    """Uploads and their parts."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, upload_id: str) -> Upload | None:
        """An upload in progress."""
        row = self._storage.first(f"SELECT {_COLUMNS} FROM s3_upload WHERE upload_id = ?", (upload_id,))
        return _upload(row) if row else None

    def insert(self, upload: Upload) -> None:
        """Begin an upload."""
        self._storage.execute(
            f"INSERT INTO s3_upload ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                upload.upload_id,
                upload.bucket,
                upload.key,
                upload.initiated_at_ms,
                upload.checksum_algorithm,
                upload.checksum_type,
                orjson.dumps(upload.headers).decode(),
                orjson.dumps(upload.tags).decode(),
            ),
        )

    def delete(self, upload_id: str) -> None:
        """Forget an upload and its parts; their contents are the caller's business."""
        self._storage.execute("DELETE FROM s3_upload WHERE upload_id = ?", (upload_id,))

    def put_part(self, upload_id: str, part: Part) -> int | None:
        """Add or replace a part; the content id of the part it replaced."""
        replaced = self._storage.first(
            "SELECT content_id FROM s3_part WHERE upload_id = ? AND part_number = ?", (upload_id, part.part_number)
        )
        self._storage.execute(
            f"INSERT OR REPLACE INTO s3_part (upload_id, {_PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                upload_id,
                part.part_number,
                part.content_id,
                part.size_bytes,
                part.etag,
                part.modified_at_ms,
                orjson.dumps(part.checksums).decode(),
            ),
        )
        return replaced[0] if replaced else None

    def parts(self, upload_id: str, after: int = 0, limit: int = -1) -> list[Part]:
        """The parts in the order of their numbers, those after ``after``; all for a limit of -1."""
        rows = self._storage.all(
            f"SELECT {_PART_COLUMNS} FROM s3_part WHERE upload_id = ? AND part_number > ? ORDER BY part_number LIMIT ?",
            (upload_id, after, limit),
        )
        return [_part(row) for row in rows]

    def page(self, bucket: str, after: UploadPosition, end_key: str | None, limit: int) -> list[Upload]:
        """A bucket's uploads by key and id, those after a position and before ``end_key``."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM s3_upload WHERE bucket = ? AND (key, upload_id) > (?, ?) "
            f"{'AND key < ?' if end_key is not None else ''} ORDER BY key, upload_id LIMIT ?",
            (bucket, *after, *((end_key,) if end_key is not None else ()), limit),
        )
        return [_upload(row) for row in rows]


def _upload(row: Row) -> Upload:
    upload_id, bucket, key, initiated_at_ms, checksum_algorithm, checksum_type, headers, tags = row
    return Upload(
        upload_id=upload_id,
        bucket=bucket,
        key=key,
        initiated_at_ms=initiated_at_ms,
        checksum_algorithm=checksum_algorithm,
        checksum_type=checksum_type,
        headers=orjson.loads(headers),
        tags=orjson.loads(tags),
    )


def _part(row: Row) -> Part:
    part_number, content_id, size_bytes, etag, modified_at_ms, checksums = row
    return Part(
        part_number=part_number,
        content_id=content_id,
        size_bytes=size_bytes,
        etag=etag,
        modified_at_ms=modified_at_ms,
        checksums=orjson.loads(checksums),
    )
