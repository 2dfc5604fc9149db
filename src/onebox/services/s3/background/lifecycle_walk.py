"""The daily walk that does what lifecycle rules say, shortly after midnight UTC.

Promises: a piece of the walk is one short transaction, so requests never wait for a bucket's end; each piece goes by
the rules as they are then; buckets without rules cost nothing; what fails is logged, and neither the bucket's other
kind of work, the other buckets nor the next days' walks are missed. The walk ends when the disk fails. Knows rules only
through ``lifecycle``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from onebox.clock import sleep_until
from onebox.errors import StorageFault
from onebox.runtime.pauses import let_others_run
from onebox.services.context import Principal, RequestContext
from onebox.services.s3.core import S3Core
from onebox.services.s3.event_records import SERVICE
from onebox.services.s3.lifecycle import (
    DAY_MS,
    LifecycleRule,
    find_kept_versions,
    is_current_due,
    is_upload_due,
    parse_rules,
)
from onebox.services.s3.listing_sources import AllVersions, VersionPosition
from onebox.services.s3.model import Bucket, Deletion, StoredObject
from onebox.services.s3.store.uploads import UploadPosition
from onebox.storage.faults import DatabaseBusy

_PIECE = 200
"""Versions or uploads that a piece looks at, and parts of uploads after which it ends."""
_FAMILY = "LifecycleExpiration"

_Position = TypeVar("_Position", VersionPosition, UploadPosition)
_Piece = Callable[[list[LifecycleRule], Bucket, _Position], "_Position | None"]
"""Does what is due from a position on, inside a job; answers where the next piece begins."""


class LifecycleWalk:
    """Walks the buckets that have lifecycle rules, once a day and once after a start."""

    def __init__(self, core: S3Core) -> None:
        self._core = core
        self._objects = core.objects
        self._storage = core.deps.storage
        self._clock = core.deps.clock
        self._log = core.deps.log
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Walk now and at every midnight."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Nothing runs afterwards. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        with contextlib.suppress(StorageFault):  # the engine stops
            while True:
                await self._attempt("the walk of lifecycle rules", self._walk)
                until_midnight_ms = DAY_MS - self._clock.now_ms() % DAY_MS
                await sleep_until(self._clock, self._clock.steady_ms() + until_midnight_ms)

    async def _attempt(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StorageFault:
            raise
        except Exception:  # noqa: BLE001 - a background loop: logged, and it goes on
            self._log.exception("S3: %s failed; the next walk begins at midnight UTC", what)

    async def _walk(self) -> None:
        for name in self._core.buckets.buckets_with("lifecycle"):
            expire = partial(self._walk_pieces, name, self._expire, ("", None))
            await self._attempt(f"the expiration of objects of bucket {name}", expire)
            discard = partial(self._walk_pieces, name, self._discard_uploads, ("", ""))
            await self._attempt(f"the removal of unfinished uploads of bucket {name}", discard)

    async def _walk_pieces(self, name: str, piece: _Piece[_Position], begin: _Position) -> None:
        position: _Position | None = begin
        while position is not None:
            with contextlib.suppress(DatabaseBusy):  # said where it was found; each try waits for the lock
                position = await self._storage.when_free(partial(self._do_piece, name, piece, position))
            await let_others_run()

    def _do_piece(self, name: str, piece: _Piece[_Position], position: _Position) -> _Position | None:
        """By the rules as they are now: since the last piece they, or the bucket, may have been changed or deleted."""
        bucket, document = self._core.buckets.find(name), self._core.buckets.find_setting(name, "lifecycle")
        rules = [] if document is None else parse_rules(document)
        return piece(rules, bucket, position) if bucket is not None and rules else None

    def _expire(self, rules: list[LifecycleRule], bucket: Bucket, position: VersionPosition) -> VersionPosition | None:
        now_ms = self._clock.trusted_ms()
        source = AllVersions(self._core.versions, bucket.name)
        versions = source.load(position, None, _PIECE)
        for stored in versions:
            if stored.is_latest:
                self._expire_latest(bucket, rules, stored, now_ms)
            else:
                self._expire_earlier(bucket, rules, stored, now_ms)
        return source.after_entry(versions[-1]) if len(versions) == _PIECE else None

    def _expire_latest(self, bucket: Bucket, rules: list[LifecycleRule], stored: StoredObject, now_ms: int) -> None:
        if not is_current_due(rules, stored, now_ms):
            return
        if not stored.is_delete_marker:
            self._note(bucket, stored, self._objects.delete(bucket, stored.key, now_ms))
        elif self._core.versions.is_only_version(stored):
            self._note(bucket, stored, self._objects.delete_version(bucket, stored.key, stored.version_id))

    def _expire_earlier(self, bucket: Bucket, rules: list[LifecycleRule], stored: StoredObject, now_ms: int) -> None:
        superseded_at_ms = self._core.versions.superseded_at_ms(stored.object_id)
        if superseded_at_ms is None:
            return
        kept = find_kept_versions(rules, stored, superseded_at_ms, now_ms)
        if kept is not None and self._core.versions.count_newer_earlier(stored, kept) >= kept:
            self._note(bucket, stored, self._objects.delete_version(bucket, stored.key, stored.version_id))

    def _note(self, bucket: Bucket, stored: StoredObject, deletion: Deletion) -> None:
        self._core.events.note_deletion(self._context(bucket), bucket, stored.key, deletion, _FAMILY)

    def _discard_uploads(
        self, rules: list[LifecycleRule], bucket: Bucket, position: UploadPosition
    ) -> UploadPosition | None:
        now_ms = self._clock.trusted_ms()
        uploads = self._core.uploads.page(bucket.name, position, None, _PIECE)
        parts = 0
        for upload in uploads:
            if is_upload_due(rules, upload.key, upload.initiated_at_ms, now_ms):
                parts += self._objects.discard_upload(upload.upload_id)
                if parts >= _PIECE:
                    return upload.key, upload.upload_id
        return (uploads[-1].key, uploads[-1].upload_id) if len(uploads) == _PIECE else None

    def _context(self, bucket: Bucket) -> RequestContext:
        """S3 itself acts, for the bucket's account."""
        return RequestContext(
            account=bucket.account,
            region=bucket.region,
            principal=Principal(bucket.account, SERVICE, SERVICE),
            now_ms=self._clock.now_ms(),
            request_id=self._core.deps.ids.uuid(),
            endpoint_url="",
            source_ip=SERVICE,
        )
