"""Large bodies: stored, copied and read a slice at a time, so that other requests are answered in between.

A large body is stored ahead of the write that makes it an object or a part; that write only refers to it. If it never
comes (a condition fails, the client leaves), the bytes are removed again, after a crash at the next start.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from onebox.runtime.pauses import let_others_run
from onebox.services.s3.limits import CHUNK_BYTES
from onebox.services.s3.model import Extent
from onebox.services.s3.store.contents import ContentStore
from onebox.storage.database import Storage

SLICE_BYTES = 4 * CHUNK_BYTES


class BytesGone(Exception):
    """The object was deleted or replaced while it was read."""


class Bodies:
    """Moves bytes between requests and contents."""

    def __init__(self, contents: ContentStore, storage: Storage) -> None:
        self._contents = contents
        self._storage = storage

    @asynccontextmanager
    async def stored_ahead(self, data: bytes | memoryview) -> AsyncIterator[int | None]:
        """The id of the content that holds a large body; None for a small one, which its write stores itself."""
        view = memoryview(data)
        async with self._ahead(len(data), lambda first, size: bytes(view[first : first + size])) as content_id:
            yield content_id

    @asynccontextmanager
    async def copied_ahead(
        self, extents: Sequence[Extent], first_byte: int, size_bytes: int
    ) -> AsyncIterator[int | None]:
        """The same for a stretch of an object. Raises BytesGone."""

        def load(first: int, size: int) -> bytes:
            return self._read_slice(extents, first_byte + first, size)

        with self._contents.held([extent.content_id for extent in extents]):
            async with self._ahead(size_bytes, load) as content_id:
                yield content_id

    @asynccontextmanager
    async def _ahead(self, size_bytes: int, load: Callable[[int, int], bytes]) -> AsyncIterator[int | None]:
        if size_bytes <= SLICE_BYTES:
            yield None
            return
        content_id = self._storage.run(self._contents.insert_empty)
        try:
            for first in range(0, size_bytes, SLICE_BYTES):
                await let_others_run()
                part = load(first, min(SLICE_BYTES, size_bytes - first))
                # Durable slice by slice: one commit of all of them would keep everybody waiting.
                await self._storage.write(partial(self._contents.add, content_id, first // CHUNK_BYTES, part))
            yield content_id
        except BaseException:
            self._storage.run(lambda: self._contents.delete([content_id]))
            raise

    async def read(self, extents: Sequence[Extent], first_byte: int, size_bytes: int) -> bytes:
        """A stretch of an object that is not too long to be in memory as a whole. Raises BytesGone."""
        return b"".join([part async for part in self.slices(extents, first_byte, size_bytes)])

    async def slices(self, extents: Sequence[Extent], first_byte: int, size_bytes: int) -> AsyncIterator[bytes]:
        """A stretch of an object, a slice at a time; other requests are answered in between. Raises BytesGone if the
        object is gone before the first slice: from then on its bytes stay until they are read."""
        with self._contents.held([extent.content_id for extent in extents]):
            for first in range(0, size_bytes, SLICE_BYTES):
                if size_bytes > SLICE_BYTES:
                    await let_others_run()
                yield self._read_slice(extents, first_byte + first, min(SLICE_BYTES, size_bytes - first))

    def _read_slice(self, extents: Sequence[Extent], first_byte: int, size_bytes: int) -> bytes:
        part = self._contents.read(extents, first_byte, size_bytes)
        if len(part) != size_bytes:
            raise BytesGone
        return part
