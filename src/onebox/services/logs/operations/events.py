"""Putting events and reading one stream.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from onebox.runtime.pauses import let_others_run
from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.limits import (
    BATCH_BYTES_MAX,
    BATCH_EVENTS_MAX,
    BATCH_SPAN_MS_MAX,
    EVENT_AGE_MS_MAX,
    EVENT_FUTURE_MS_MAX,
    PAGE_BYTES_MAX,
    PAGE_EVENTS_MAX,
)
from onebox.services.logs.model import EventRange, LogEvent, LogGroup, Position
from onebox.services.logs.search import event_bytes
from onebox.services.logs.tokens import HEAD, backward_token, forward_token, parse_stream_token
from onebox.services.logs.validation import (
    broken_constraint,
    check_group_name,
    check_stream_name,
    parse_group_name,
    parse_limit,
    parse_time,
)

_FOREVER_MS = 1 << 62
_WRITTEN_AT_ONCE = 1_000
"""Larger batches are written one in each turn of the event loop: the largest take thirty milliseconds."""


async def put_log_events(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Append a batch; events too old, too new or past the retention are left out and reported."""
    group_name = check_group_name(request["logGroupName"])
    stream_name = check_stream_name(request["logStreamName"])
    events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    _check_batch(events)
    group = core.load_group(context, group_name)
    core.load_stream(group, stream_name)
    start, end, rejected = decide_accepted([at_ms for at_ms, _ in events], group, context.now_ms)
    accepted = events[start:end]
    samples = await core.ingest.find_samples(group, accepted)
    if len(accepted) > _WRITTEN_AT_ONCE:
        await let_others_run()

    def write() -> None:
        # Group and stream may have been deleted while the samples were looked for.
        group = core.load_group(context, group_name)
        stream = core.load_stream(group, stream_name)
        core.ingest.append(context, group, stream.id, accepted, samples)

    await core.deps.storage.write(write)
    # The token is a relic: AWS still answers one and no longer looks at it.
    return {"nextSequenceToken": f"{context.now_ms:056d}", "rejectedLogEventsInfo": rejected or None}


def decide_accepted(times_ms: list[int], group: LogGroup, now_ms: int) -> tuple[int, int, Wire]:
    """Which of the events, sorted by time, may enter: start and end index, and what to say of the rest. Pure."""
    too_old = bisect_left(times_ms, now_ms - EVENT_AGE_MS_MAX)
    expired = bisect_left(times_ms, group.expired_before_ms(now_ms))
    too_new = bisect_right(times_ms, now_ms + EVENT_FUTURE_MS_MAX)
    rejected: Wire = {}
    if too_new < len(times_ms):
        rejected["tooNewLogEventStartIndex"] = too_new
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    start = max(too_old, expired)
    return start, max(start, too_new), rejected


def get_log_events(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """A page of a stream, oldest event first; at either end the token given is the token answered."""
    limit = parse_limit(request, PAGE_EVENTS_MAX)
    group_name = parse_group_name(request)
    stream_name = check_stream_name(request["logStreamName"])
    token = request.get("nextToken")
    if token is None:
        forward, place = bool(request.get("startFromHead", False)), None
    else:
        forward, place = parse_stream_token(token)
    group = core.load_group(context, group_name)
    stream = core.load_stream(group, stream_name)
    wanted = EventRange(
        start_ms=max(parse_time(request, "startTime", 0), group.expired_before_ms(context.now_ms)),
        end_ms=parse_time(request, "endTime", _FOREVER_MS),
        place=place,
        forward=forward,
        limit=limit,
    )
    found = core.events.read_stream(stream.id, wanted)
    page = take_page(found)
    if not forward:
        page.reverse()
    forward_to, backward_to = _tokens(page, place or HEAD, forward)
    return {
        "events": [
            {"timestamp": event.at_ms, "message": event.message, "ingestionTime": event.ingested_at_ms}
            for event in page
        ],
        "nextForwardToken": forward_to,
        "nextBackwardToken": backward_to,
    }


def take_page(events: Iterable[LogEvent]) -> list[LogEvent]:
    """Events up to what one answer holds; at least one."""
    page: list[LogEvent] = []
    page_bytes = 0
    for event in events:
        page_bytes += event_bytes(event.message)
        if page and page_bytes > PAGE_BYTES_MAX:
            break
        page.append(event)
    return page


def _tokens(page: list[LogEvent], place: Position, forward: bool) -> tuple[str, str]:
    if page:
        first, last = page[0], page[-1]
        return forward_token(Position(last.at_ms, last.id)), backward_token(Position(first.at_ms, first.id))
    # Nothing found: the same token in the direction read, and the other one turns round without a gap.
    if forward:
        return forward_token(place), backward_token(Position(place.at_ms, place.id + 1))
    return forward_token(Position(place.at_ms, max(0, place.id - 1))), backward_token(place)


def _check_batch(events: list[tuple[int, str]]) -> None:
    if not events:
        raise broken_constraint("[]", "logEvents", "Member must have length greater than or equal to 1")
    if len(events) > BATCH_EVENTS_MAX:
        raise broken_constraint(
            f"[{len(events)} events]",
            "logEvents",
            f"Member must have length less than or equal to {BATCH_EVENTS_MAX}",
        )
    batch_bytes = 0
    previous_ms = 0
    for place, (at_ms, message) in enumerate(events, 1):
        if not message:
            raise broken_constraint(
                "", f"logEvents.{place}.member.message", "Member must have length greater than or equal to 1"
            )
        if at_ms < 0:
            raise broken_constraint(
                at_ms,
                f"logEvents.{place}.member.timestamp",
                "Member must have value greater than or equal to 0",
            )
        if at_ms < previous_ms:
            raise InvalidParameterException(
                "Log events in a single PutLogEvents request must be in chronological order."
            )
        previous_ms = at_ms
        batch_bytes += event_bytes(message)
    if batch_bytes > BATCH_BYTES_MAX:
        raise InvalidParameterException(f"Upload too large: {batch_bytes} bytes exceeds limit of {BATCH_BYTES_MAX}")
    if events[-1][0] - events[0][0] > BATCH_SPAN_MS_MAX:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
