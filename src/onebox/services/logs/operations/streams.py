"""Log streams."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from onebox.services.logs.limits import DESCRIBE_ITEMS_MAX
from onebox.services.logs.model import LogGroup, LogStream
from onebox.services.logs.tokens import invalid_token
from onebox.services.logs.validation import (
    check_enum,
    check_group_name,
    check_stream_name,
    parse_group_name,
    parse_limit,
)
from onebox.services.paging import make_token, read_token


def create_log_stream(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Make a log stream in a log group. Raises ResourceAlreadyExistsException."""
    group_name = check_group_name(request["logGroupName"])
    name = check_stream_name(request["logStreamName"])
    group = core.load_group(context, group_name)
    if core.streams.find(group.id, name) is not None:
        raise ResourceAlreadyExistsException("The specified log stream already exists")
    core.streams.insert(group.id, name, context.now_ms)
    return {}


def delete_log_stream(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a log stream with its events."""
    group_name = check_group_name(request["logGroupName"])
    name = check_stream_name(request["logStreamName"])
    group = core.load_group(context, group_name)
    core.streams.delete(group.id, core.load_stream(group, name).id)
    return {}


def describe_log_streams(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Streams by name, or by the time of their last event; those without events count as the oldest."""
    limit = parse_limit(request, DESCRIBE_ITEMS_MAX)
    order = request.get("orderBy", "LogStreamName")
    check_enum(order, "orderBy", ("LogStreamName", "LastEventTime"))
    prefix = request.get("logStreamNamePrefix")
    if prefix is not None:
        check_stream_name(prefix, "logStreamNamePrefix")
        if order == "LastEventTime":
            raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
    group = core.load_group(context, parse_group_name(request))
    descending = request.get("descending", False)
    token = request.get("nextToken")
    if order == "LastEventTime":
        after = read_token(token, invalid_token, int, str)
        streams = core.streams.by_last_event(group.id, after, descending, limit + 1)
    else:
        (name,) = read_token(token, invalid_token, str) or (None,)
        streams = core.streams.by_name(group.id, prefix or "", name, descending, limit + 1)
    page = streams[:limit]
    return {
        "logStreams": [_stream_item(core, context, group, stream) for stream in page],
        "nextToken": _next_token(page[-1], order) if len(streams) > limit else None,
    }


def _next_token(last: LogStream, order: str) -> str:
    if order == "LastEventTime":
        return make_token(last.last_event_at_ms, last.name)
    return make_token(last.name)


def _stream_item(core: LogsCore, context: RequestContext, group: LogGroup, stream: LogStream) -> Wire:
    has_events = stream.first_event_at_ms is not None
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created_at_ms,
        "firstEventTimestamp": stream.first_event_at_ms,
        "lastEventTimestamp": stream.last_event_at_ms if has_events else None,
        "lastIngestionTime": stream.last_ingested_at_ms,
        "uploadSequenceToken": f"{stream.last_ingested_at_ms:056d}" if has_events else None,
        "arn": core.arn(context, f"log-group:{group.name}:log-stream:{stream.name}"),
        "storedBytes": 0,  # AWS answers 0 for streams since June 2019
    }
