"""The SQL of bytes: contents cut into chunks. Reads and writes one chunk at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onebox.services.s3.limits import CHUNK_BYTES
from onebox.services.s3.model import Extent
from onebox.storage.database import Row, Storage


class ContentStore:
    """Contents and their chunks."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def insert(self, data: bytes) -> int:
        """Store bytes; the id of their content."""
        content_id = self._insert_empty()
        view = memoryview(data)
        for position, start in enumerate(range(0, len(data), CHUNK_BYTES)):
            self._insert_chunk(content_id, position, bytes(view[start : start + CHUNK_BYTES]))
        return content_id

    def copy(self, extents: Sequence[Extent]) -> int:
        """Store the bytes of some extents once more, as one content."""
        content_id = self._insert_empty()
        position = 0
        pending = bytearray()
        for extent in extents:
            rows: Iterable[Row] = self._storage.execute(
                "SELECT bytes FROM s3_chunk WHERE content_id = ? ORDER BY position", (extent.content_id,)
            )
            for row in rows:
                pending += row[0]
                while len(pending) >= CHUNK_BYTES:
                    self._insert_chunk(content_id, position, bytes(pending[:CHUNK_BYTES]))
                    del pending[:CHUNK_BYTES]
                    position += 1
        if pending:
            self._insert_chunk(content_id, position, bytes(pending))
        return content_id

    def read(self, extents: Sequence[Extent], first_byte: int, size_bytes: int) -> bytes:
        """A stretch of an object; ``first_byte`` counts from the object's start."""
        parts: list[bytes] = []
        end = first_byte + size_bytes
        for extent in extents:
            begin_in_extent = max(0, first_byte - extent.start_byte)
            end_in_extent = min(extent.size_bytes, end - extent.start_byte)
            if begin_in_extent < end_in_extent:
                parts.append(self._read_content(extent.content_id, begin_in_extent, end_in_extent))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def delete(self, content_ids: Sequence[int]) -> None:
        """Remove contents with their bytes; nothing may refer to them any more."""
        self._storage.executemany("DELETE FROM s3_content WHERE content_id = ?", [(one,) for one in content_ids])

    def _insert_empty(self) -> int:
        self._storage.execute("INSERT INTO s3_content DEFAULT VALUES")
        return self._storage.last_insert_id()

    def _insert_chunk(self, content_id: int, position: int, chunk: bytes) -> None:
        self._storage.execute(
            "INSERT INTO s3_chunk (content_id, position, bytes) VALUES (?, ?, ?)", (content_id, position, chunk)
        )

    def _read_content(self, content_id: int, begin: int, end: int) -> bytes:
        first_position = begin // CHUNK_BYTES
        rows: Iterable[Row] = self._storage.execute(
            "SELECT bytes FROM s3_chunk WHERE content_id = ? AND position BETWEEN ? AND ? ORDER BY position",
            (content_id, first_position, (end - 1) // CHUNK_BYTES),
        )
        joined = b"".join(row[0] for row in rows)
        skipped = begin - first_position * CHUNK_BYTES
        return joined if skipped == 0 and len(joined) == end - begin else joined[skipped : skipped + end - begin]
