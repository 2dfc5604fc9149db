"""FilterLogEvents: a search over a group, all its streams interleaved.

An answer looks at a bounded number of events; its token goes on from there, so a page may be short or even empty.
AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.ingest import event_bytes
from onebox.services.logs.limits import (
    FILTER_STREAMS_MAX,
    PAGE_BYTES_MAX,
    PAGE_EVENTS_MAX,
    SCAN_EVENTS_MAX,
)
from onebox.services.logs.model import LogEvent, LogGroup, Position
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.tokens import event_id, filter_token, parse_filter_token
from onebox.services.logs.validation import (
    broken_constraint,
    check_length,
    check_stream_name,
    parse_group_name,
    parse_limit,
)

if TYPE_CHECKING:
    from onebox.services.logs.service import Logs

_BACKWARD_SINCE_MS = 1_704_067_200_000  # 2024-01-01: AWS reads backwards only from there on


def filter_log_events(logs: Logs, context: RequestContext, request: Wire) -> Wire:
    limit = parse_limit(request, PAGE_EVENTS_MAX)
    group_name = parse_group_name(request)
    pattern_text = request.get("filterPattern", "")
    check_length(pattern_text, "filterPattern", 0, 1024)
    pattern = parse_pattern(pattern_text)
    forward, place = _parse_direction(request)
    group = logs.load_group(context, group_name)
    wanted = _wanted_streams(logs, group, request)
    names: dict[int, str | None] = {}

    page: list[Wire] = []
    scanned = page_bytes = 0
    last: Position | None = None
    more = False
    for event in _read(logs, context, group, request, wanted, forward, place):
        if scanned == SCAN_EVENTS_MAX or len(page) == limit or page_bytes > PAGE_BYTES_MAX:
            more = True
            break
        scanned += 1
        last = Position(event.at_ms, event.id)
        name = _stream_name(logs, event.stream_id, names)
        if name is None or not _is_wanted(wanted, event.stream_id, name):
            continue
        if pattern.extract(event.message) is not None:
            page_bytes += event_bytes(event.message)
            page.append(_event_item(event, name))
    return {
        "events": page,
        "searchedLogStreams": [],  # AWS answers no streams since May 2020
        "nextToken": filter_token(forward, last) if more and last else None,
    }


def _parse_direction(request: Wire) -> tuple[bool, Position | None]:
    if "nextToken" in request:
        return parse_filter_token(request["nextToken"])
    forward = request.get("startFromHead", True)
    if not forward and request.get("startTime", 0) < _BACKWARD_SINCE_MS:
        raise InvalidParameterException(
            "startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC."
        )
    return forward, None


Wanted = dict[int, str] | str
"""The streams asked for: ids and names, or a prefix of their names."""


def _wanted_streams(logs: Logs, group: LogGroup, request: Wire) -> Wanted:
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names is None:
        return "" if prefix is None else check_stream_name(prefix, "logStreamNamePrefix")
    if prefix is not None:
        raise InvalidParameterException("Cannot specify both logStreamNames and logStreamNamePrefix.")
    if not 1 <= len(names) <= FILTER_STREAMS_MAX:
        bound = "greater than or equal to 1" if not names else f"less than or equal to {FILTER_STREAMS_MAX}"
        raise broken_constraint(names, "logStreamNames", f"Member must have length {bound}")
    return {logs.load_stream(group, check_stream_name(name, "logStreamNames")).id: name for name in names}


def _read(
    logs: Logs,
    context: RequestContext,
    group: LogGroup,
    request: Wire,
    wanted: Wanted,
    forward: bool,
    place: Position | None,
) -> Iterator[LogEvent]:
    start_ms = max(request.get("startTime", 0), group.expired_before_ms(context.now_ms))
    end_ms = request.get("endTime", (1 << 62) - 1) + 1  # here, unlike in GetLogEvents, the end is included
    if isinstance(wanted, dict) and len(wanted) == 1:
        (stream_id,) = wanted
        return logs.events_store.read_stream(stream_id, start_ms, end_ms, place, forward, SCAN_EVENTS_MAX + 1)
    return logs.events_store.read_group(group.id, start_ms, end_ms, place, forward, SCAN_EVENTS_MAX + 1)


def _stream_name(logs: Logs, stream_id: int, names: dict[int, str | None]) -> str | None:
    if stream_id not in names:
        names[stream_id] = logs.store.stream_name(stream_id)
    return names[stream_id]


def _is_wanted(wanted: Wanted, stream_id: int, name: str) -> bool:
    return stream_id in wanted if isinstance(wanted, dict) else name.startswith(wanted)


def _event_item(event: LogEvent, stream_name: str) -> Wire:
    return {
        "logStreamName": stream_name,
        "timestamp": event.at_ms,
        "message": event.message,
        "ingestionTime": event.ingested_at_ms,
        "eventId": event_id(Position(event.at_ms, event.id)),
    }
