"""Reads the notifications of a time range from the archive: in order of publishing, each once, in bounded memory.

Objects of an hour overlap: several functions write at the same time, and some messages arrive late. They are merged:
each object is opened when its first moment has come and closed at its end, so only those that overlap are open.
Independent of S3.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from hashlib import blake2b
from heapq import heappop, heappush

from orders.archive.notification import Notification, from_line
from orders.archive.objects import ObjectName, hours_between
from orders.archive.ports import Archive
from orders.errors import OrderRejected

# A message is archived twice within the queue's visibility timeout, so a window of the newest ids recognises it.
REMEMBERED_IDS = 200_000
_Open = tuple[tuple[int, str], int, Notification, Iterator[Notification]]


def read_notifications(
    archive: Archive,
    since_ms: int,
    until_ms: int,
    on_hour: Callable[[str], None] = lambda _: None,
    on_damaged: Callable[[str], None] = lambda _: None,
) -> Iterator[Notification]:
    """The notifications published from ``since_ms`` on, before ``until_ms``. A line that cannot be read is reported
    with its object and passed over.
    """
    remembered = _Window(REMEMBERED_IDS)
    for prefix in hours_between(since_ms, until_ms):
        on_hour(prefix)
        names = (one for one in archive.list_hour(prefix) if one.last_at_ms >= since_ms and one.first_at_ms < until_ms)
        for notification in _merge(archive, names, on_damaged):
            if since_ms <= notification.published_at_ms < until_ms and remembered.is_new(notification.id):
                yield notification


def _merge(archive: Archive, names: Iterator[ObjectName], on_damaged: Callable[[str], None]) -> Iterator[Notification]:
    """Merge objects whose names come in order of their first moment."""
    heap: list[_Open] = []
    upcoming = next(names, None)
    opened = 0
    while heap or upcoming is not None:
        while upcoming is not None and (not heap or upcoming.first_at_ms <= heap[0][0][0]):
            opened += 1
            _push(heap, opened, _read_object(archive, upcoming.key, on_damaged))
            upcoming = next(names, None)
        if heap:
            _, number, notification, rest = heappop(heap)
            yield notification
            _push(heap, number, rest)


def _push(heap: list[_Open], number: int, notifications: Iterator[Notification]) -> None:
    first = next(notifications, None)
    if first is not None:
        heappush(heap, (first.key, number, first, notifications))


def _read_object(archive: Archive, key: str, on_damaged: Callable[[str], None]) -> Iterator[Notification]:
    for line in archive.lines(key):
        notification = _read_line(line)
        if notification is None:
            on_damaged(key)
        else:
            yield notification


def _read_line(line: str) -> Notification | None:
    try:
        return from_line(line)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OrderRejected):
        return None


class _Window:
    """The newest ids, as digests of 16 bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def is_new(self, name: str) -> bool:
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._seen:
            return False
        self._seen[digest] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True
