"""Deletes bytes that no object and no part has any more, a few megabytes at a time.

Promises: what a crash left (a body stored ahead of a write that never came, a large object that was being deleted) is
deleted after the next start; requests never wait for a large object's end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial

from onebox.runtime.pauses import let_others_run
from onebox.runtime.wanted_task import WantedTask
from onebox.services.s3.core import S3Core

_CONTENTS_LOOKED_AT = 200
_CHUNKS_AT_ONCE = 8


class ContentSweeper:
    """Deletes what deletions left, and what a crash left."""

    def __init__(self, core: S3Core) -> None:
        self._contents = core.contents
        self._storage = core.deps.storage
        self._left: deque[int] = deque()
        self._looked_at = self._look_until = 0
        """What a crash may have left is between these content ids."""
        self._task = WantedTask(
            self._sweep, core.deps.clock, core.deps.log, "S3: the deletion of bytes that no object has"
        )
        core.contents.watch(self._add)

    def start(self) -> None:
        """Look for what a crash left."""
        # What is stored from now on is not looked at: its write may still come.
        self._looked_at, self._look_until = 0, self._contents.last_id()
        self._task.start()
        self._task.want()

    async def stop(self) -> None:
        """Nothing runs afterwards; what is left is deleted after the next start. Idempotent."""
        await self._task.stop()

    def _add(self, content_ids: Sequence[int]) -> None:
        self._left.extend(content_ids)
        self._task.want()

    async def _sweep(self) -> None:
        while self._looked_at < self._look_until:
            found, self._looked_at = self._contents.find_unreferenced(
                self._looked_at, self._look_until, _CONTENTS_LOOKED_AT
            )
            self._left.extend(found)
            await let_others_run()
        while self._left:
            if not self._contents.is_kept(self._left[0]):
                await self._delete(self._left[0])
            self._left.popleft()
            await let_others_run()

    async def _delete(self, content_id: int) -> None:
        while await self._storage.when_free(partial(self._contents.delete_chunks, content_id, _CHUNKS_AT_ONCE)):
            await let_others_run()
