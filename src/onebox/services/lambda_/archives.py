"""Archives of functions and layers: stored, read and deleted a piece at a time, so that neighbours are answered.

Promises: a large archive is stored ahead of the write that gives it to a function or layer, and nobody sees it before
that write's commit; if the write never comes (it is refused, the client leaves), the pieces are deleted again, after a
crash at the next start. Who reads an archive gets the whole of it or nothing.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from onebox.clock import Clock
from onebox.runtime.pauses import let_others_run
from onebox.runtime.wanted_task import WantedTask
from onebox.services.lambda_.package import Package
from onebox.services.lambda_.store.code import CodeStore
from onebox.services.pieces import PIECE_BYTES, Pieces
from onebox.storage.database import Storage

_DELETED_AT_ONCE = 2


class Archives:
    """Moves archives between requests, database and code folders."""

    def __init__(self, store: CodeStore, storage: Storage, clock: Clock, log: logging.Logger) -> None:
        self._store = store
        self._storage = storage
        self._storing: set[int] = set()
        """Archives that have no hash yet, and must not be deleted."""
        self._sweep = WantedTask(self._delete_unused, clock, log, "lambda: the deletion of archives that nobody uses")
        store.watch(self._sweep.want)

    def start(self) -> None:
        """Delete what a crash left."""
        self._sweep.start()
        self._sweep.want()

    async def stop(self) -> None:
        """Delete no more; what is left is deleted after the next start. Idempotent."""
        await self._sweep.stop()

    async def swept(self) -> None:
        """Wait until nothing is being deleted."""
        await self._sweep.idle()

    @asynccontextmanager
    async def stored_ahead(self, package: Package) -> AsyncIterator[int | None]:
        """The id of a large archive, for :meth:`CodeStore.save`; None for a small one, or one that is there already."""
        archive = package.archive
        if len(archive) <= PIECE_BYTES or self._store.find(package.sha256) is not None:
            yield None
            return
        archive_id = await self._storage.when_free(partial(self._store.insert_empty, len(archive)))
        self._storing.add(archive_id)
        try:
            for position, piece in enumerate(archive):
                await let_others_run()
                # Durable piece by piece: one commit of all of them would keep everybody waiting.
                await self._storage.write(partial(self._store.add_piece, archive_id, position, piece))
            yield archive_id
        finally:
            self._storing.discard(archive_id)
            self._sweep.want()  # in case that it was not taken

    async def read(self, sha256: str) -> Pieces | None:
        """An archive; None if it is not stored, or no longer."""
        found = self._store.find(sha256)
        if found is None:
            return None
        pieces = []
        for position in found.pieces:
            piece = self._store.read_piece(found.archive_id, position)
            if piece is None:
                return None
            pieces.append(piece)
            if position:
                await let_others_run()
        return Pieces(pieces)

    async def _delete_unused(self) -> None:
        for archive_id in self._store.list_unused():
            if archive_id not in self._storing:
                await self._delete(archive_id)

    async def _delete(self, archive_id: int) -> None:
        while await self._storage.when_free(partial(self._store.delete_pieces, archive_id, _DELETED_AT_ONCE)):
            await let_others_run()
