"""Log events on their way to CloudWatch Logs: gathered for a moment, then written in one piece for each stream.

A quiet function's log is written in the turn in which its invocation ends; a busy one's at most 200 ms later. As on
AWS, a crash may lose the last lines. Knows nothing of children.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import deque
from collections.abc import Callable

from onebox.clock import Clock
from onebox.errors import AwsError, StorageFault
from onebox.services.context import RequestContext
from onebox.services.lambda_.execution.output import LogEvent
from onebox.services.lambda_.execution.pace import Pace
from onebox.services.logs.internal import LogsInternal
from onebox.storage.database import Storage

_EVENTS_AT_ONCE = 500
_BYTES_AT_ONCE = 512 * 1024
_EVENTS_BEHIND = 5_000
_BYTES_BEHIND = 4 * 1024 * 1024


@dataclasses.dataclass(slots=True)
class _Stream:
    context: RequestContext
    group: str
    name: str
    may_create_group: bool
    events: deque[LogEvent]
    characters: int = 0
    """Of all events."""


class LogBuffer:
    """The events that were not written yet."""

    def __init__(self, storage: Storage, clock: Clock, logs: LogsInternal, log: logging.Logger) -> None:
        self._storage = storage
        self._clock = clock
        self._logs = logs
        self._log = log
        self._pending: dict[int, _Stream] = {}
        self._pace = Pace(clock, self._write_pending)

    def writer(
        self, context: RequestContext, group: str, name: str, *, may_create_group: bool
    ) -> Callable[[list[LogEvent]], None]:
        """What takes the events of one stream; they are lost where the group is missing and may not be created."""
        stream = _Stream(context, group, name, may_create_group, deque())

        def write(events: list[LogEvent]) -> None:
            stream.events += events
            stream.characters += sum([len(text) for _, text in events])
            self._pending[id(stream)] = stream
            self._pace.wanted()

        return write

    def is_behind(self) -> bool:
        """Whether more waits to be written than goes in a few turns."""
        pending = self._pending.values()
        return (
            sum(len(stream.events) for stream in pending) > _EVENTS_BEHIND
            or sum(stream.characters for stream in pending) > _BYTES_BEHIND
        )

    def flush(self) -> None:
        """Write what is there, now."""
        while self._pending:
            self._pace.flush()

    def _write_pending(self) -> None:
        """Write a slice: a function that prints much keeps no request waiting. A stream that has more is behind the
        others next time."""
        events_left, characters_left = _EVENTS_AT_ONCE, _BYTES_AT_ONCE
        for key, stream in list(self._pending.items()):
            events, characters = _take(stream, events_left, characters_left)
            events_left -= len(events)
            characters_left -= characters
            del self._pending[key]
            if stream.events:
                self._pending[key] = stream
            self._put(stream, events)
            if events_left <= 0 or characters_left <= 0:
                break
        if self._pending:
            self._pace.soon()

    def _put(self, stream: _Stream, events: list[LogEvent]) -> None:
        context = dataclasses.replace(stream.context, now_ms=self._clock.now_ms())
        try:
            self._storage.run_patiently(
                lambda: self._logs.put(
                    context, stream.group, stream.name, in_order(events), may_create_group=stream.may_create_group
                ),
                of="logs",
            )
        except AwsError as error:
            self._log.warning("the log of %s was not written: %s", stream.group, error)
        except StorageFault:
            # The engine is stopping for it; the log is the least of what is not acknowledged.
            self._log.warning("the log of %s was not written: the database failed", stream.group)


def _take(stream: _Stream, events_max: int, characters_max: int) -> tuple[list[LogEvent], int]:
    """The first events of a stream, at least one, and their characters."""
    taken: list[LogEvent] = []
    characters = 0
    while stream.events and len(taken) < events_max and characters < characters_max:
        event = stream.events.popleft()
        taken.append(event)
        characters += len(event[1])
    stream.characters -= characters
    return taken, characters


def in_order(events: list[LogEvent]) -> list[LogEvent]:
    """The events with times that never go back: a record carries the child's own reading of the clock, which may be
    a hair before the line that we wrote last."""
    latest_ms = 0
    ordered = []
    for at_ms, text in events:
        latest_ms = max(latest_ms, at_ms)
        ordered.append((latest_ms, text))
    return ordered
