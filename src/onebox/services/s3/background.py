"""The daily walk that does what lifecycle rules say, shortly after midnight UTC.

Promises: a piece of the walk is one short transaction, so requests never wait for a bucket's end; buckets without
rules cost nothing. Knows rules only through ``lifecycle``.
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.clock import Timer
from onebox.services.s3.core import S3Core
from onebox.services.s3.lifecycle import (
    DAY_MS,
    LifecycleRule,
    is_current_due,
    is_noncurrent_due,
    is_upload_due,
    parse_rules,
)
from onebox.services.s3.listing_sources import AllVersions, VersionPosition
from onebox.services.s3.model import Bucket
from onebox.storage.faults import DatabaseBusy

_PIECE = 200
_BUSY_PAUSE_MS = 50


class LifecycleWalk:
    """Walks the buckets that have lifecycle rules, once a day and once after a start."""

    def __init__(self, core: S3Core) -> None:
        self._core = core
        self._objects = core.objects
        self._storage = core.deps.storage
        self._clock = core.deps.clock
        self._log = core.deps.log
        self._timer: Timer | None = None

    def start(self) -> None:
        """Remove what a crash left, then walk now and at every midnight."""
        self._remove_unreferenced(0, self._core.contents.last_id())

    def _remove_unreferenced(self, after_id: int, last_id: int) -> None:
        """Bodies that were stored ahead of a write that never came. What is stored from now on is not looked at."""

        def remove() -> int:
            found, reached = self._core.contents.find_unreferenced(after_id, last_id, _PIECE)
            self._core.contents.delete(found)
            return reached

        if after_id >= last_id:
            self._walk()
            return
        try:
            reached, pause_ms = self._storage.run(remove), 0
        except DatabaseBusy:
            reached, pause_ms = after_id, _BUSY_PAUSE_MS  # the same piece again
        self._soon(lambda: self._remove_unreferenced(reached, last_id), pause_ms)

    def stop(self) -> None:
        """Nothing runs afterwards. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _walk(self) -> None:
        pending = [
            (name, rules)
            for name, document in self._core.buckets.buckets_with("lifecycle")
            if (rules := parse_rules(document))
        ]
        self._next_bucket(pending)

    def _next_bucket(self, pending: list[tuple[str, list[LifecycleRule]]]) -> None:
        if not pending:
            until_midnight_ms = DAY_MS - self._clock.now_ms() % DAY_MS
            self._timer = self._clock.call_at(self._clock.steady_ms() + until_midnight_ms, self._walk)
            return
        name, rules = pending.pop()
        bucket = self._core.buckets.find(name)
        if bucket is None:
            self._soon(lambda: self._next_bucket(pending))
        else:
            self._piece(bucket, rules, ("", None), lambda: self._next_bucket(pending))

    def _soon(self, step: Callable[[], None], pause_ms: int = 0) -> None:
        self._timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, step)

    def _piece(
        self, bucket: Bucket, rules: list[LifecycleRule], position: VersionPosition, then: Callable[[], None]
    ) -> None:
        try:
            following = self._storage.run(lambda: self._expire(bucket, rules, position))
        except Exception:  # noqa: BLE001 - a background loop: logged, and the server goes on
            self._log.exception("S3 lifecycle of bucket %s failed; it is tried again tomorrow", bucket.name)
            following = None
        if following is None:
            self._soon(then)
        else:
            self._soon(lambda: self._piece(bucket, rules, following, then))

    def _expire(self, bucket: Bucket, rules: list[LifecycleRule], position: VersionPosition) -> VersionPosition | None:
        now_ms = self._clock.trusted_ms()
        source = AllVersions(self._core.versions, bucket.name)
        versions = source.load(position, None, _PIECE)
        for stored in versions:
            if stored.is_latest:
                if not stored.is_delete_marker and is_current_due(rules, stored.key, stored.modified_at_ms, now_ms):
                    self._objects.delete(bucket, stored.key, now_ms)
                continue
            superseded_at_ms = self._core.versions.superseded_at_ms(stored.object_id)
            if superseded_at_ms is not None and is_noncurrent_due(rules, stored.key, superseded_at_ms, now_ms):
                self._objects.delete_version(bucket, stored.key, stored.version_id)
        if len(versions) == _PIECE:
            return source.after_entry(versions[-1])
        self._discard_uploads(bucket, rules, now_ms)
        return None

    def _discard_uploads(self, bucket: Bucket, rules: list[LifecycleRule], now_ms: int) -> None:
        for upload in self._core.uploads.page(bucket.name, "", "", "", 1000):
            if is_upload_due(rules, upload.key, upload.initiated_at_ms, now_ms):
                self._objects.discard_upload(upload.upload_id)
