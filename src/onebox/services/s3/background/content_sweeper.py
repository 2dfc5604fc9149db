"""Deletes bytes that no object and no part has any more, a few megabytes at a time.

Promises: what a crash left (a body stored ahead of a write that never came, a large object that was being deleted) is
deleted after the next start; requests never wait for a large object's end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial

from onebox.services.s3.core import S3Core

_CONTENTS_LOOKED_AT = 200
_CHUNKS_AT_ONCE = 8


class ContentSweeper:
    """Deletes what deletions left, and what a crash left."""

    def __init__(self, core: S3Core) -> None:
        self._contents = core.contents
        self._storage = core.deps.storage
        self._log = core.deps.log
        self._left: deque[int] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_running = False
        core.contents.watch(self._add)

    def start(self) -> None:
        """Look for what a crash left."""
        self._is_running = True
        # What is stored from now on is not looked at: its write may still come.
        self._begin(self._contents.last_id())

    async def stop(self) -> None:
        """Nothing runs afterwards; what is left is deleted after the next start. Idempotent."""
        self._is_running = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _add(self, content_ids: Sequence[int]) -> None:
        self._left.extend(content_ids)
        self._begin(0)

    def _begin(self, last_id: int) -> None:
        if self._is_running and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._sweep(last_id))

    async def _sweep(self, last_id: int) -> None:
        try:
            await self._find_unreferenced(last_id)
            while self._left:
                await self._delete(self._left[0])
                self._left.popleft()
                await asyncio.sleep(0)
        except Exception:  # noqa: BLE001 - the edge of a background task
            self._log.exception("S3: bytes that no object has could not be deleted; tried again with the next ones")
        finally:
            self._task = None

    async def _find_unreferenced(self, last_id: int) -> None:
        reached = 0
        while reached < last_id:
            found, reached = self._contents.find_unreferenced(reached, last_id, _CONTENTS_LOOKED_AT)
            self._left.extend(found)
            await asyncio.sleep(0)

    async def _delete(self, content_id: int) -> None:
        while await self._storage.when_free(partial(self._contents.delete_chunks, content_id, _CHUNKS_AT_ONCE)):
            await asyncio.sleep(0)
