"""StartLiveTail: a session that is shown new events once a second.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from onebox.clock import sleep_until
from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import InvalidParameterException, LimitExceededException
from onebox.services.logs.limits import (
    LIVE_TAIL_EVENTS_MAX,
    LIVE_TAIL_GROUPS_MAX,
    LIVE_TAIL_INTERVAL_MS,
    LIVE_TAIL_SESSION_MS,
    LIVE_TAIL_STREAMS_MAX,
    LIVE_TAILS_MAX,
    PAGE_BYTES_MAX,
)
from onebox.services.logs.live_tail import LiveTail, Stretch, Watched
from onebox.services.logs.model import LogEvent
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.search import event_bytes, match_all
from onebox.services.logs.validation import broken_constraint, check_length, check_stream_name, find_group_name


async def start_live_tail(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Open a session; it ends when the client hangs up, and after three hours."""
    watched = _parse_watched(core, context, request)
    if core.live_tails.count(context.account) >= LIVE_TAILS_MAX:
        raise LimitExceededException(f"An account can have {LIVE_TAILS_MAX} Live Tail sessions at a time.")
    start = {
        "requestId": context.request_id,
        "sessionId": core.deps.ids.uuid(),
        "logGroupIdentifiers": request["logGroupIdentifiers"],
        "logStreamNames": request.get("logStreamNames", []),
        "logStreamNamePrefixes": request.get("logStreamNamePrefixes", []),
        "logEventFilterPattern": request.get("logEventFilterPattern", ""),
    }
    return {"responseStream": _run(core, LiveTail(watched), start)}


def _parse_watched(core: LogsCore, context: RequestContext, request: Wire) -> Watched:
    identifiers = request["logGroupIdentifiers"]
    names, prefixes = request.get("logStreamNames"), request.get("logStreamNamePrefixes")
    for member, values, most in (
        ("logGroupIdentifiers", identifiers, LIVE_TAIL_GROUPS_MAX),
        ("logStreamNames", names, LIVE_TAIL_STREAMS_MAX),
        ("logStreamNamePrefixes", prefixes, LIVE_TAIL_STREAMS_MAX),
    ):
        if values is not None and not 1 <= len(values) <= most:
            bound = "greater than or equal to 1" if not values else f"less than or equal to {most}"
            raise broken_constraint(values, member, f"Member must have length {bound}")
    if names is not None and prefixes is not None:
        raise InvalidParameterException("Cannot specify both logStreamNames and logStreamNamePrefixes.")
    if (names or prefixes) and len(identifiers) > 1:
        raise InvalidParameterException("Log streams can be specified only with a single log group.")
    pattern = request.get("logEventFilterPattern", "")
    check_length(pattern, "logEventFilterPattern", 0, 1024)
    return Watched(
        account=context.account,
        groups=dict(_load_group(core, context, identifier) for identifier in identifiers),
        stream_names=frozenset(check_stream_name(name, "logStreamNames") for name in names or ()),
        stream_prefixes=tuple(check_stream_name(prefix, "logStreamNamePrefixes") for prefix in prefixes or ()),
        pattern=parse_pattern(pattern),
    )


def _load_group(core: LogsCore, context: RequestContext, identifier: str) -> tuple[int, str]:
    """The id of the group that an ARN names, and the identifier that its events carry."""
    name = find_group_name(identifier)
    if name is None or identifier.endswith("*"):
        raise InvalidParameterException(f"{identifier[:2048]} is not the ARN of a log group.")
    group = core.load_group(context, name)
    return group.id, f"{context.account}:{group.name}"


async def _run(core: LogsCore, tail: LiveTail, start: Wire) -> AsyncIterator[Wire]:
    clock = core.deps.clock
    due_ms = clock.steady_ms()
    end_ms = due_ms + LIVE_TAIL_SESSION_MS
    core.live_tails.open(tail)
    try:
        yield {"sessionStart": start}
        while due_ms < end_ms:
            due_ms = max(due_ms + LIVE_TAIL_INTERVAL_MS, clock.steady_ms())
            await sleep_until(clock, due_ms)
            yield {"sessionUpdate": await _next_update(core, tail)}
        yield {"SessionTimeoutException": {"message": "The Live Tail session timed out after three hours."}}
    finally:
        core.live_tails.close(tail)


async def _next_update(core: LogsCore, tail: LiveTail) -> Wire:
    stretches, dropped = tail.take()
    found: list[tuple[LogEvent, str, str]] = []
    found_bytes = 0
    for stretch in stretches:
        if found_bytes > PAGE_BYTES_MAX:
            dropped = True
            break
        stream = core.streams.name_of(stretch.stream_id)
        if stream is None or not tail.watched.wants_stream(stream):
            continue
        group = tail.watched.groups[stretch.group_id]
        for event in await _find_matches(core, tail, stretch):
            found.append((event, group, stream))
            found_bytes += event_bytes(event.message)
    shown = _sample(found)
    return {
        "sessionMetadata": {"sampled": dropped or len(shown) < len(found)},
        "sessionResults": [_result(event, group, stream) for event, group, stream in shown],
    }


async def _find_matches(core: LogsCore, tail: LiveTail, stretch: Stretch) -> list[LogEvent]:
    events = core.events.read_ids(stretch.stream_id, stretch.first_id, stretch.last_id)
    matches = await match_all(tail.watched.pattern, [event.message for event in events])
    return [event for event, matched in zip(events, matches, strict=True) if matched]


def _sample(found: list[tuple[LogEvent, str, str]]) -> list[tuple[LogEvent, str, str]]:
    """At most as many events as an update holds, spread evenly over those that were found. Pure."""
    count = len(found)
    if count > LIVE_TAIL_EVENTS_MAX:
        found = [found[place * count // LIVE_TAIL_EVENTS_MAX] for place in range(LIVE_TAIL_EVENTS_MAX)]
    return found


def _result(event: LogEvent, group: str, stream: str) -> Wire:
    return {
        "logGroupIdentifier": group,
        "logStreamName": stream,
        "message": event.message,
        "timestamp": event.at_ms,
        "ingestionTime": event.ingested_at_ms,
    }
