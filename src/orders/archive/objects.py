"""Archive objects: their names, by hour of publishing, and what a batch of notifications becomes.

A name holds the first and the last moment in the object, so that a reader merges objects in order and opens each only
when its time has come; and a digest of the notifications, so that the same batch written twice is one object.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from orders.archive.notification import Notification, to_line

PREFIX = "archive/"
SUFFIX = ".jsonl.gz"
HOUR_MS = 3_600_000
GZIP_LEVEL = 6

_match_name = re.compile(r"archive/\d{4}/\d\d/\d\d/\d\d/(\d{15})-(\d{15})-[0-9a-f]{32}\.jsonl\.gz", re.ASCII).fullmatch


class ArchiveObject(NamedTuple):
    """One object and its content, in order."""

    key: str
    content: bytes
    ids: frozenset[str]
    """The notifications in it."""


class ObjectName(NamedTuple):
    """An object's key and the moments of its first and last notification."""

    first_at_ms: int
    last_at_ms: int
    key: str


class StoredObject(NamedTuple):
    """An object as the bucket lists it."""

    key: str
    bytes: int
    written_at_ms: int
    last_published_ms: int
    """When its newest notification was published."""


def hour_prefix(at_ms: int) -> str:
    """``archive/2026/11/28/07/``"""
    return f"{PREFIX}{datetime.fromtimestamp(at_ms // 1000, timezone.utc):%Y/%m/%d/%H}/"


def hours_between(since_ms: int, until_ms: int) -> Iterator[str]:
    """The prefixes of all hours that hold a moment from ``since_ms`` on, before ``until_ms``."""
    moment = datetime.fromtimestamp(since_ms // 1000, timezone.utc).replace(minute=0, second=0)
    while moment.timestamp() * 1000 < until_ms:
        yield f"{PREFIX}{moment:%Y/%m/%d/%H}/"
        moment += timedelta(hours=1)


def read_name(key: str) -> ObjectName | None:
    """The parts of an object's key; None for a key that is none of ours."""
    found = _match_name(key)
    return None if found is None else ObjectName(int(found[1]), int(found[2]), key)


def make_objects(notifications: Iterable[Notification]) -> list[ArchiveObject]:
    """One object for each hour of a batch. The same notification twice is one line."""
    by_hour: dict[str, dict[tuple[int, str], Notification]] = {}
    for one in notifications:
        by_hour.setdefault(hour_prefix(one.published_at_ms), {})[one.key] = one
    return [_make_object(prefix, [hour[key] for key in sorted(hour)]) for prefix, hour in by_hour.items()]


def _make_object(prefix: str, ordered: Sequence[Notification]) -> ArchiveObject:
    lines = "".join(f"{to_line(one)}\n" for one in ordered).encode("ascii")
    digest = hashlib.sha256(lines).hexdigest()[:32]
    first, last = ordered[0].published_at_ms, ordered[-1].published_at_ms
    key = f"{prefix}{first:015d}-{last:015d}-{digest}{SUFFIX}"
    content = gzip.compress(lines, GZIP_LEVEL, mtime=0)
    return ArchiveObject(key, content, frozenset(one.id for one in ordered))
