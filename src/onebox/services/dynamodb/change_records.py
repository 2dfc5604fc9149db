"""Records of what changed in tables with a stream, written in the transaction of the change itself.

Promises: a record for each change of an item, in the order of the changes. A table without a stream costs nothing
here.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.services.dynamodb.model import Stream, StreamRecord
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.values.attributes import Item, serialize_item
from onebox.services.dynamodb.values.keys import KeySchema
from onebox.storage.database import Storage

_SHOWS_NEW = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
_SHOWS_OLD = ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_EVENT_ID_DIGITS = 32


class Image(NamedTuple):
    """An item before or after a change, with its JSON as stored and its size."""

    item: Item
    data: bytes
    size_bytes: int


class ChangeRecorder:
    """Writes records, and wakes those who wait for them once they are on disk."""

    def __init__(self, storage: Storage, clock: Clock, ids: Ids, store: StreamStore) -> None:
        self._storage = storage
        self._clock = clock
        self._ids = ids
        self._store = store
        self._watchers: dict[int, set[Callable[[], None]]] = {}

    def record(
        self, stream: Stream, key: KeySchema, old: Image | None, new: Image | None, *, by_ttl: bool = False
    ) -> None:
        """Record a change of an item that differs before and after, inside the job that makes it."""
        image = new or old
        if image is None:
            return
        keys, size_bytes = serialize_item(key.key_of(image.item))
        new_shown = new if stream.view_type in _SHOWS_NEW else None
        old_shown = old if stream.view_type in _SHOWS_OLD else None
        for shown in (new_shown, old_shown):
            size_bytes += 0 if shown is None else shown.size_bytes
        record = StreamRecord(
            record_id=0,
            created_at_ms=self._clock.steady_ms(),
            event_id=self._ids.hex(_EVENT_ID_DIGITS),
            event_name="INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            by_ttl=by_ttl,
            size_bytes=size_bytes,
            keys=keys,
            new_image=None if new_shown is None else new_shown.data,
            old_image=None if old_shown is None else old_shown.data,
        )
        self._store.append(stream.stream_id, record)
        if stream.stream_id in self._watchers:
            self.wake_after_commit(stream.stream_id)

    def watch(self, stream_id: int, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` whenever new records of a stream are on disk, or it is disabled; the answer ends that."""
        self._watchers.setdefault(stream_id, set()).add(wake)

        def end() -> None:
            watchers = self._watchers.get(stream_id)
            if watchers is not None:
                watchers.discard(wake)
                if not watchers:
                    del self._watchers[stream_id]

        return end

    def wake_after_commit(self, stream_id: int) -> None:
        """Wake those who watch a stream when the current job is on disk."""
        self._storage.after_commit(lambda: self._wake(stream_id), patient=True)

    def _wake(self, stream_id: int) -> None:
        for wake in tuple(self._watchers.get(stream_id, ())):
            wake()
