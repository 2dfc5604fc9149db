"""Listings with prefixes and delimiters: a walk over keys that jumps over everything rolled up in a common prefix.

Knows nothing of SQL or of what is listed: a :class:`Source` yields it. The cost grows with the page, not the bucket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from onebox.services.s3.rules import key_after_prefix

_LOOK_AHEAD = 16
"""Entries read at a time where a delimiter may jump over the rest. Behind a common prefix it is one, and twice as many
each time none is rolled up: a page of prefixes alone reads one entry for each."""


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


T = TypeVar("T", bound=Keyed)
P = TypeVar("P")


class Source(Protocol[T, P]):
    """Entries in order, from a position on. ``P`` is the source's own kind of position."""

    def load(self, position: P, end_key: str | None, limit: int) -> list[T]: ...

    def at_key(self, key: str) -> P: ...

    def after_entry(self, entry: T) -> P: ...


@dataclass(slots=True)
class Listing(Generic[T]):
    """A page: entries and common prefixes count alike against its size."""

    entries: list[T] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    is_truncated: bool = False
    last: str = ""
    """The last key or common prefix; the next page begins after it."""

    @property
    def count(self) -> int:
        """Entries and common prefixes."""
        return len(self.entries) + len(self.prefixes)


def list_from(
    source: Source[T, P], position: P, *, end_key: str | None, prefix: str, delimiter: str, limit: int
) -> Listing[T]:
    """A page of at most ``limit``, from ``position`` to before ``end_key``."""
    listing: Listing[T] = Listing()
    look_ahead = _LOOK_AHEAD
    while True:
        wanted = look_ahead if delimiter else limit + 1
        entries = source.load(position, end_key, wanted)
        following = _take(listing, entries, prefix, delimiter, limit)
        if listing.is_truncated:
            return listing
        if following is not None:
            position, look_ahead = source.at_key(following), 1
        elif len(entries) < wanted or (listing.prefixes and listing.last == listing.prefixes[-1]):
            return listing
        else:
            position, look_ahead = source.after_entry(entries[-1]), min(2 * look_ahead, limit + 1)


def _take(listing: Listing[T], entries: list[T], prefix: str, delimiter: str, limit: int) -> str | None:
    """Add entries until one is rolled up; the key from which to go on after its common prefix."""
    for entry in entries:
        if listing.count >= limit:
            listing.is_truncated = True
            return None
        common = common_prefix(entry.key, prefix, delimiter)
        if common is not None:
            listing.prefixes.append(common)
            listing.last = common
            return key_after_prefix(common)
        listing.entries.append(entry)
        listing.last = entry.key
    return None


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """The part of a key up to the first delimiter after ``prefix``; None where there is none."""
    if not delimiter:
        return None
    position = key.find(delimiter, len(prefix))
    return None if position < 0 else key[: position + len(delimiter)]


def first_key_after(marker: str, prefix: str, delimiter: str) -> str:
    """Where a page begins after ``marker``: a key, or a common prefix whose contents are behind us."""
    if not marker:
        return prefix
    if common_prefix(marker, prefix, delimiter) == marker:
        return max(prefix, key_after_prefix(marker) or marker)
    return max(prefix, marker + "\0")
