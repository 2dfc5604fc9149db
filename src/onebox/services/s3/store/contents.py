"""The SQL of bytes: contents cut into chunks. Reads and writes one chunk at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from onebox.services.s3.limits import CHUNK_BYTES
from onebox.services.s3.model import Extent
from onebox.storage.database import Row, Storage

_AT_ONCE_BYTES = 4 * 1024 * 1024
"""What the deletions of one commit remove at once, all together."""
_AT_ONCE_CONTENTS = 1_000
"""How many contents that is at most."""


class ContentStore:
    """Contents and their chunks."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._on_left: Callable[[Sequence[int]], None] | None = None
        self._group = -1
        self._room_bytes = 0
        """How much may still be removed at once in the storage's group of that number."""
        self._room = 0
        """How many contents."""
        self._readers: Counter[int] = Counter()
        self._kept: set[int] = set()
        """Contents that are to be deleted once they are read."""

    def insert(self, data: bytes | memoryview) -> int:
        """Store bytes; the id of their content."""
        content_id = self.insert_empty()
        self.add(content_id, 0, data)
        return content_id

    def add(self, content_id: int, position: int, data: bytes | memoryview) -> None:
        """Add bytes to a content from chunk ``position`` on."""
        view = memoryview(data)
        for number, start in enumerate(range(0, len(data), CHUNK_BYTES)):
            self._insert_chunk(content_id, position + number, bytes(view[start : start + CHUNK_BYTES]))

    def copy(self, extents: Sequence[Extent]) -> int:
        """Store the bytes of some extents once more, as one content."""
        content_id = self.insert_empty()
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

    def last_id(self) -> int:
        """The greatest id of all contents; 0 if there is none."""
        row = self._storage.first("SELECT max(content_id) FROM s3_content")
        return row[0] or 0 if row else 0

    def find_unreferenced(self, after_id: int, last_id: int, limit: int) -> tuple[list[int], int]:
        """Among the next ``limit`` contents those that no object or part has, and the id of the last one looked at."""
        rows = self._storage.all(
            "SELECT content_id, EXISTS (SELECT 1 FROM s3_extent AS e WHERE e.content_id = c.content_id)"
            " OR EXISTS (SELECT 1 FROM s3_part AS p WHERE p.content_id = c.content_id)"
            " FROM s3_content AS c WHERE content_id > ? AND content_id <= ? ORDER BY content_id LIMIT ?",
            (after_id, last_id, limit),
        )
        return [row[0] for row in rows if not row[1]], rows[-1][0] if len(rows) == limit else last_id

    def watch(self, on_left: Callable[[Sequence[int]], None]) -> None:
        """Have ``on_left`` called with the contents that :meth:`delete` left, after its commit."""
        self._on_left = on_left

    @contextmanager
    def held(self, content_ids: Sequence[int]) -> Iterator[None]:
        """Keep contents as long as they are read, whatever is deleted meanwhile."""
        self._readers.update(content_ids)
        try:
            yield
        finally:
            self._readers.subtract(content_ids)
            free = [one for one in content_ids if self._readers[one] <= 0]
            for one in free:
                del self._readers[one]
            kept = self._kept.intersection(free)
            self._kept -= kept
            if kept and self._on_left is not None:
                self._on_left(list(kept))

    def is_kept(self, content_id: int) -> bool:
        """Whether a content is being read; if so, it is left again when its last reader is done."""
        if content_id not in self._readers:
            return False
        self._kept.add(content_id)
        return True

    def delete(self, content_ids: Sequence[int]) -> None:
        """Remove contents with their bytes; nothing may refer to them any more. Large ones, those being read, and what
        is too much with others of the same commit are left for :meth:`delete_chunks`: all at once would keep everybody
        waiting."""
        on_left = self._on_left
        left = [one for one in content_ids if not self._has_room(one)] if on_left is not None else []
        later = set(left)
        at_once = [(one,) for one in content_ids if one not in later]
        self._storage.executemany("DELETE FROM s3_content WHERE content_id = ?", at_once)
        if left and on_left is not None:
            self._storage.after_commit(partial(on_left, left), patient=True)

    def delete_chunks(self, content_id: int, limit: int) -> bool:
        """Remove the last chunks of a content, and the content with its first ones; whether some are left."""
        positions = self._storage.all(
            "SELECT position FROM s3_chunk WHERE content_id = ? ORDER BY position DESC LIMIT ?", (content_id, limit)
        )
        self._storage.executemany(
            "DELETE FROM s3_chunk WHERE content_id = ? AND position = ?", [(content_id, row[0]) for row in positions]
        )
        if len(positions) == limit:
            return True
        self._storage.execute("DELETE FROM s3_content WHERE content_id = ?", (content_id,))
        return False

    def _has_room(self, content_id: int) -> bool:
        """Whether the open commit may remove this content, too."""
        if content_id in self._readers:
            return False
        if self._group != self._storage.group:
            self._group, self._room_bytes, self._room = self._storage.group, _AT_ONCE_BYTES, _AT_ONCE_CONTENTS
        if not self._room:
            return False
        row = self._storage.first(
            "SELECT position, length(bytes) FROM s3_chunk WHERE content_id = ? ORDER BY position DESC LIMIT 1",
            (content_id,),
        )
        size_bytes = 0 if row is None else row[0] * CHUNK_BYTES + row[1]
        if size_bytes > self._room_bytes:
            return False
        self._room_bytes -= size_bytes
        self._room -= 1
        return True

    def insert_empty(self) -> int:
        """A content without bytes; its id."""
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
