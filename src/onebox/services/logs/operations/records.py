"""GetLogRecord and GetLogGroupFields: the fields of one event, and of a group's latest events.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogRecord.html,
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogGroupFields.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.insights.row import Row
from onebox.services.logs.insights.values import Moment, to_text
from onebox.services.logs.limits import GROUP_FIELDS_MAX, SCAN_EVENTS_MAX
from onebox.services.logs.model import EventRange, LogEvent, LogGroup, Position
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.search import find_events
from onebox.services.logs.tokens import find_position
from onebox.services.logs.validation import parse_group_name, parse_time

_LATEST_MS = 15 * 60_000
_AROUND_MS = 8 * 60_000
_LAST_S = 1 << 52
"""Moments beyond it, in milliseconds, do not fit the database's integers."""


def get_log_record(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """All fields of the event that ``@ptr`` of a query's result names, as text."""
    found = find_record(core, context, request["logRecordPointer"])
    if found is None:
        raise InvalidParameterException("The specified logRecordPointer is invalid.")
    event, group, stream = found
    fields = Row(event, f"{context.account}:{group.name}", stream).all_fields()
    return {"logRecord": {name: _show(value) for name, value in fields.items()}}


def find_record(core: LogsCore, context: RequestContext, pointer: str) -> tuple[LogEvent, LogGroup, str] | None:
    """The event that a pointer means, its group and its stream's name; None if the caller's account has none."""
    position = find_position(pointer)
    if position is None:
        return None
    found = core.events.find(position)
    if found is None:
        return None
    event, group_id = found
    group = core.groups.find_by_id(context.account, context.region, group_id)
    stream = core.streams.name_of(event.stream_id)
    if group is None or stream is None or event.at_ms < group.expired_before_ms(context.now_ms):
        return None
    return event, group, stream


def _show(value: object) -> str:
    return str(int(value)) if isinstance(value, Moment) else to_text(value)


async def get_log_group_fields(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The fields of the latest events of a group, or of those around a time, the most frequent first."""
    group = core.load_group(context, parse_group_name(request))
    start_ms, end_ms = _span(context, request)
    span = EventRange(
        start_ms=max(start_ms, group.expired_before_ms(context.now_ms)),
        end_ms=end_ms + 1,
        place=None,
        forward=False,
        limit=0,
    )
    seen: Counter[str] = Counter()
    events = 0
    title = f"{context.account}:{group.name}"

    def count(event: LogEvent) -> bool:
        nonlocal events
        stream = core.streams.name_of(event.stream_id)
        if stream is not None:
            events += 1
            names = Row(event, title, stream).all_fields().keys()
            seen.update(name for name in names if name in seen or len(seen) < GROUP_FIELDS_MAX)
        return False

    def read(place: Position | None, limit: int) -> Iterator[LogEvent]:
        return core.events.read_group(group.id, replace(span, place=place, limit=limit))

    await find_events(read, None, parse_pattern(""), count, SCAN_EVENTS_MAX)
    ranked = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    return {"logGroupFields": [{"name": name, "percent": 100 * found // events} for name, found in ranked]}


def _span(context: RequestContext, request: Wire) -> tuple[int, int]:
    """From when to when events are looked at, in ms."""
    if request.get("time") is None:
        return context.now_ms - _LATEST_MS, context.now_ms
    middle_ms = min(parse_time(request, "time", 0), _LAST_S) * 1000
    return middle_ms - _AROUND_MS, middle_ms + _AROUND_MS
