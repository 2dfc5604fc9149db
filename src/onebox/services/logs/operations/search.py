"""FilterLogEvents: a search over a group, all its streams interleaved.

An answer looks at a bounded number of events; its token goes on from there, so a page may be short or even empty.
AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.limits import FILTER_STREAMS_MAX, PAGE_EVENTS_MAX
from onebox.services.logs.model import EventRange, LogEvent, LogGroup, Position
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.search import ReadSlice, find_events
from onebox.services.logs.tokens import event_id, invalid_token
from onebox.services.logs.validation import (
    broken_constraint,
    check_length,
    check_stream_name,
    parse_group_name,
    parse_limit,
    parse_time,
)
from onebox.services.paging import make_token, read_token

_BACKWARD_SINCE_MS = 1_704_067_200_000  # 2024-01-01: AWS reads backwards only from there on
_FOREVER_MS = 1 << 62


async def filter_log_events(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """A page of the events that match."""
    limit = parse_limit(request, PAGE_EVENTS_MAX)
    group_name = parse_group_name(request)
    pattern_text = request.get("filterPattern", "")
    check_length(pattern_text, "filterPattern", 0, 1024)
    pattern = parse_pattern(pattern_text)
    start_ms, end_ms = parse_time(request, "startTime", 0), parse_time(request, "endTime", _FOREVER_MS)
    forward, place = _parse_direction(request)
    group = core.load_group(context, group_name)
    wanted = _wanted_streams(core, group, request)
    # Here, unlike in GetLogEvents, the end is included.
    span = EventRange(
        start_ms=max(start_ms, group.expired_before_ms(context.now_ms)),
        end_ms=end_ms + 1,
        place=None,
        forward=forward,
        limit=0,
    )
    read = _reader(core, group, wanted, span)
    names = _StreamNames(core, wanted)
    found = await find_events(read, place, pattern, names.is_wanted, limit)
    return {
        "events": [_event_item(event, names.of(event.stream_id) or "") for event in found.events],
        "searchedLogStreams": [],  # AWS answers no streams since May 2020
        "nextToken": make_token(forward, found.last.at_ms, found.last.id) if found.more and found.last else None,
    }


def _parse_direction(request: Wire) -> tuple[bool, Position | None]:
    token = read_token(request.get("nextToken"), invalid_token, bool, int, int)
    if token is not None:
        forward, at_ms, id_ = token
        return forward, Position(at_ms, id_)
    forward = request.get("startFromHead", True)
    if not forward and request.get("startTime", 0) < _BACKWARD_SINCE_MS:
        raise InvalidParameterException(
            "startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC."
        )
    return forward, None


Wanted = dict[int, str] | str
"""The streams asked for: ids and names, or a prefix of their names."""


def _wanted_streams(core: LogsCore, group: LogGroup, request: Wire) -> Wanted:
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names is None:
        return "" if prefix is None else check_stream_name(prefix, "logStreamNamePrefix")
    if prefix is not None:
        raise InvalidParameterException("Cannot specify both logStreamNames and logStreamNamePrefix.")
    if not 1 <= len(names) <= FILTER_STREAMS_MAX:
        bound = "greater than or equal to 1" if not names else f"less than or equal to {FILTER_STREAMS_MAX}"
        raise broken_constraint(names, "logStreamNames", f"Member must have length {bound}")
    return {core.load_stream(group, check_stream_name(name, "logStreamNames")).id: name for name in names}


def _reader(core: LogsCore, group: LogGroup, wanted: Wanted, span: EventRange) -> ReadSlice:
    def read(place: Position | None, limit: int) -> Iterator[LogEvent]:
        part = replace(span, place=place, limit=limit)
        if isinstance(wanted, dict) and len(wanted) == 1:
            (stream_id,) = wanted
            return core.events.read_stream(stream_id, part)
        return core.events.read_group(group.id, part)

    return read


class _StreamNames:
    """The names of the streams that a search meets, each looked up once."""

    def __init__(self, core: LogsCore, wanted: Wanted) -> None:
        self._core = core
        self._wanted = wanted
        self._names: dict[int, str | None] = {}

    def of(self, stream_id: int) -> str | None:
        """The stream's name; None for one that was deleted."""
        if stream_id not in self._names:
            self._names[stream_id] = self._core.streams.name_of(stream_id)
        return self._names[stream_id]

    def is_wanted(self, event: LogEvent) -> bool:
        """Whether the event's stream is among those asked for."""
        if isinstance(self._wanted, dict):
            return event.stream_id in self._wanted
        name = self.of(event.stream_id)
        return name is not None and name.startswith(self._wanted)


def _event_item(event: LogEvent, stream_name: str) -> Wire:
    return {
        "logStreamName": stream_name,
        "timestamp": event.at_ms,
        "message": event.message,
        "ingestionTime": event.ingested_at_ms,
        "eventId": event_id(Position(event.at_ms, event.id)),
    }
