"""GetShardIterator and GetRecords.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
"""

from __future__ import annotations

from orjson import Fragment

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.model import Stream, StreamRecord, record_id_of
from onebox.services.dynamodbstreams.core import Core
from onebox.services.dynamodbstreams.errors import (
    ExpiredIteratorException,
    TrimmedDataAccessException,
    shard_not_found,
)
from onebox.services.dynamodbstreams.iterators import LASTS_MS, ShardIterator, parse_iterator
from onebox.services.violations import Violations

_TYPES = ("TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP")
_BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")
_LIMIT_MAX = 1000


def get_shard_iterator(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A place to begin reading at."""
    kind = request["ShardIteratorType"]
    violations = Violations()
    violations.check_enum(kind, "shardIteratorType", _TYPES)
    violations.raise_if_any()
    number = _parse_number(kind, request.get("SequenceNumber"))
    stream = core.load_stream(context, request["StreamArn"])
    if request["ShardId"] != stream.shard_id:
        raise shard_not_found()
    after_id = _find_place(core, context, stream, request, number)
    return {"ShardIterator": str(ShardIterator(stream.arn, stream.shard_id, after_id, core.clock.steady_ms()))}


def get_records(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The next records of a shard: up to 1,000, or 1 MB."""
    limit = request.get("Limit", _LIMIT_MAX)
    violations = Violations()
    violations.check_range(limit, "limit", 1, _LIMIT_MAX)
    violations.raise_if_any()
    iterator = parse_iterator(request["ShardIterator"])
    stream = core.load_stream(context, iterator.stream_arn)
    if iterator.shard_id != stream.shard_id:
        raise shard_not_found()
    if iterator.made_at_ms + LASTS_MS < core.clock.steady_ms():
        raise ExpiredIteratorException("Iterator expired. The iterator was created more than 15 minutes ago")
    if iterator.after_id < stream.trimmed_to:
        raise TrimmedDataAccessException("The operation attempted to read past the oldest stream record in a shard")
    records = core.dynamodb.read_records(stream, iterator.after_id, limit)
    answer: Wire = {"Records": [_show(stream, record) for record in records]}
    after_id = records[-1].record_id if records else iterator.after_id
    if stream.last_id is None or after_id < core.dynamodb.newest_record_id(stream):
        answer["NextShardIterator"] = str(ShardIterator(stream.arn, stream.shard_id, after_id, core.clock.steady_ms()))
    return answer


def _parse_number(kind: str, number: str | None) -> int:
    """The record id of the request's sequence number; 0 for kinds that have none."""
    if kind not in _BY_NUMBER:
        if number is not None:
            raise ValidationException(f"SequenceNumber must not be specified when ShardIteratorType is {kind}")
        return 0
    if number is None:
        raise ValidationException(f"SequenceNumber must be specified when ShardIteratorType is {kind}")
    try:
        return record_id_of(number)
    except ValueError:
        raise ValidationException(f"Invalid SequenceNumber: {number[:100]}") from None


def _find_place(core: Core, context: RequestContext, stream: Stream, request: Wire, number: int) -> int:
    """The record id after which the iterator begins."""
    kind = request["ShardIteratorType"]
    if kind == "LATEST":
        return core.dynamodb.newest_record_id(stream)
    if kind == "TRIM_HORIZON":
        return stream.trimmed_to
    if kind == "AT_TIMESTAMP":
        moment_ms = request.get("Timestamp")
        if moment_ms is None or moment_ms > context.now_ms:
            raise ValidationException("Timestamp must be specified, and must not lie in the future")
        return core.dynamodb.find_place_at(stream, moment_ms)
    if number < stream.first_id or (stream.last_id is not None and number > stream.last_id):
        raise ValidationException(f"Invalid SequenceNumber for this shard: {request['SequenceNumber']}")
    return number - 1 if kind == "AT_SEQUENCE_NUMBER" else number


def _show(stream: Stream, record: StreamRecord) -> Wire:
    change: Wire = {
        # AWS gives the moment in whole seconds.
        "ApproximateCreationDateTime": record.created_at_ms // 1000 * 1000,
        "Keys": Fragment(record.keys),
        "SequenceNumber": record.sequence_number,
        "SizeBytes": record.size_bytes,
        "StreamViewType": stream.view_type,
    }
    for member, image in (("NewImage", record.new_image), ("OldImage", record.old_image)):
        if image is not None:
            change[member] = Fragment(image)
    shown: Wire = {
        "eventID": record.event_id,
        "eventName": record.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.region,
        "dynamodb": change,
    }
    if record.by_ttl:
        shown["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    return shown
