"""Looking for events that match a pattern, in slices, so that other requests are answered in between.

A slice is bounded by events and by bytes. Where a pattern is so long and a slice so large that matching could take
milliseconds, it is matched on another thread. A search looks at a bounded number of events and then hands out a page,
even an empty one, with the place from which to go on, as AWS does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from onebox.runtime.pauses import let_others_run
from onebox.runtime.threads import compute_beside
from onebox.services.logs.limits import (
    EVENT_OVERHEAD_BYTES,
    INLINE_WORK_MAX,
    PAGE_BYTES_MAX,
    SCAN_EVENTS_MAX,
    SLICE_BYTES,
    SLICE_EVENTS,
)
from onebox.services.logs.model import LogEvent, Position
from onebox.services.logs.patterns import Pattern

ReadSlice = Callable[[Position | None, int], Iterator[LogEvent]]
"""Given the place of the last event and a limit, the events that follow in the direction read."""


@dataclass(slots=True)
class Found:
    """What a search found so far."""

    events: list[LogEvent] = field(default_factory=list)
    last: Position | None = None
    """The last event that was looked at."""
    more: bool = False
    """Whether events follow that were not looked at."""


async def find_events(
    read: ReadSlice, place: Position | None, pattern: Pattern, is_wanted: Callable[[LogEvent], bool], limit: int
) -> Found:
    """The first ``limit`` events after ``place`` that match."""
    found = Found(last=place)
    scanned = page_bytes = 0
    while True:
        await let_others_run()  # before the first piece, too: many searches may begin at once
        taken, more = _take(read(found.last, SLICE_EVENTS + 1))
        matches = await match_all(pattern, [event.message for event in taken])
        for event, matched in zip(taken, matches, strict=True):
            if len(found.events) == limit or page_bytes > PAGE_BYTES_MAX:
                found.more = True
                return found
            scanned += 1
            found.last = Position(event.at_ms, event.id)
            if matched and is_wanted(event):
                page_bytes += event_bytes(event.message)
                found.events.append(event)
        if not more or scanned >= SCAN_EVENTS_MAX:
            found.more = more
            return found


def _take(events: Iterator[LogEvent]) -> tuple[list[LogEvent], bool]:
    """The events of one slice, and whether more follow."""
    taken: list[LogEvent] = []
    slice_bytes = 0
    for event in events:
        if len(taken) == SLICE_EVENTS or slice_bytes > SLICE_BYTES:
            return taken, True
        taken.append(event)
        slice_bytes += len(event.message)
    return taken, False


async def match_all(pattern: Pattern, messages: Sequence[str]) -> list[bool]:
    """Whether each message matches."""

    def match() -> list[bool]:
        return [pattern.extract(message) is not None for message in messages]

    if pattern.tests * sum(map(len, messages)) > INLINE_WORK_MAX:
        return await compute_beside(match)
    return match()


def event_bytes(message: str) -> int:
    """What AWS counts for an event: its UTF-8 bytes and 26 more."""
    return (len(message) if message.isascii() else len(message.encode())) + EVENT_OVERHEAD_BYTES
