"""Events of objects, stored with the change that causes them; ``background/notification_sender.py`` delivers them."""

from __future__ import annotations

from collections.abc import Callable

from onebox.clock import Clock
from onebox.services.context import RequestContext
from onebox.services.s3.event_records import MARKER_ETAG, Event, make_record
from onebox.services.s3.model import Bucket, Deletion, StoredObject
from onebox.services.s3.notification_rules import parse_rules
from onebox.services.s3.store.buckets import BucketStore
from onebox.services.s3.store.notifications import Channel, Notification, NotificationStore
from onebox.storage.database import Storage

SETTING = "notification"
"""The kind of a bucket's setting that holds its notification configuration."""
_TRACE_HEADER = "x-amzn-trace-id"
_TRACE_CHARACTERS_MAX = 1024


class Events:
    """Accepts events, inside the transaction of the change."""

    def __init__(self, storage: Storage, buckets: BucketStore, store: NotificationStore, clock: Clock) -> None:
        self._storage = storage
        self._buckets = buckets
        self._store = store
        self._clock = clock
        self._on_noted: Callable[[Channel], None] | None = None

    def watch(self, on_noted: Callable[[Channel], None]) -> None:
        """Have ``on_noted`` called with bucket and destination after the commit of each event."""
        self._on_noted = on_noted

    def note_created(self, context: RequestContext, bucket: Bucket, how: str, stored: StoredObject) -> None:
        """An object was stored; ``how`` is ``Put``, ``Post``, ``Copy`` or ``CompleteMultipartUpload``."""
        name = f"ObjectCreated:{how}"
        self._note(context, bucket, Event(name, stored.key, stored.version_id, stored.etag, stored.size_bytes))

    def note_tagging(self, context: RequestContext, bucket: Bucket, how: str, stored: StoredObject) -> None:
        """The tags of a version were put or deleted; ``how`` is ``Put`` or ``Delete``."""
        self._note(context, bucket, Event(f"ObjectTagging:{how}", stored.key, stored.version_id, stored.etag))

    def note_deletion(
        self, context: RequestContext, bucket: Bucket, key: str, deletion: Deletion, family: str = "ObjectRemoved"
    ) -> None:
        """An object was deleted, unless there was none; ``family`` is LifecycleExpiration where a rule did it."""
        if deletion.outcome is not None:
            etag = MARKER_ETAG if deletion.outcome == "DeleteMarkerCreated" else None
            self._note(context, bucket, Event(f"{family}:{deletion.outcome}", key, deletion.version_id, etag))

    def _note(self, context: RequestContext, bucket: Bucket, event: Event) -> None:
        document = self._buckets.find_setting(bucket.name, SETTING)
        if document is None:
            return
        for rule in parse_rules(document):
            if rule.matches(event.name, event.key):
                self._accept(context, bucket, event, rule.rule_id, rule.destination_arn)

    def _accept(
        self, context: RequestContext, bucket: Bucket, event: Event, rule_id: str, destination_arn: str
    ) -> None:
        self._store.insert(
            Notification(
                notification_id=0,
                bucket=bucket.name,
                account=bucket.account,
                region=bucket.region,
                destination_arn=destination_arn,
                record=make_record(context, bucket, event, rule_id),
                trace_header=context.headers.get(_TRACE_HEADER, "")[:_TRACE_CHARACTERS_MAX],
                noted_at_ms=self._clock.steady_ms(),
            )
        )
        on_noted = self._on_noted
        if on_noted is not None:
            self._storage.after_commit(lambda: on_noted(Channel(bucket.name, destination_arn)))
