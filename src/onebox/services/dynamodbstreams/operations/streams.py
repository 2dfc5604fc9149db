"""ListStreams and DescribeStream.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html
"""

from __future__ import annotations

import re

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.model import Stream, sequence_number
from onebox.services.dynamodbstreams.core import Core, check_arn
from onebox.services.violations import Violations

_LIMIT_MAX = 100
_SHARD_ID = re.compile(r"shardId-[0-9]{20}-[0-9A-Za-z]{8,36}")


def list_streams(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The streams of the account or of one table, those disabled in the last 24 hours included; a page of 100."""
    limit = _parse_limit(request)
    start = request.get("ExclusiveStartStreamArn")
    after = ("", "")
    if start is not None:
        _, _, table_name, label = check_arn(start, "ExclusiveStartStreamArn")
        after = (table_name, label)
    name = request.get("TableName")
    streams = core.dynamodb.list_streams(context.account, context.region, name, after, limit + 1)
    answer: Wire = {
        "Streams": [
            {"StreamArn": stream.arn, "TableName": stream.table_name, "StreamLabel": stream.label}
            for stream in streams[:limit]
        ]
    }
    if len(streams) > limit:
        answer["LastEvaluatedStreamArn"] = streams[limit - 1].arn
    return answer


def describe_stream(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A stream and its shards."""
    _parse_limit(request)
    shows_children = _parse_filter(request.get("ShardFilter"))
    stream = core.load_stream(context, request["StreamArn"])
    start = request.get("ExclusiveStartShardId", "")
    # The one shard of a stream is the newest: it has no children.
    shown = not shows_children and stream.shard_id > start
    return {
        "StreamDescription": {
            "StreamArn": stream.arn,
            "StreamLabel": stream.label,
            "StreamStatus": "ENABLED" if stream.is_enabled else "DISABLED",
            "StreamViewType": stream.view_type,
            "CreationRequestDateTime": stream.created_at_ms,
            "TableName": stream.table_name,
            "KeySchema": [
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(stream.key_names, ("HASH", "RANGE"), strict=False)
            ],
            "Shards": [_describe_shard(stream)] if shown else [],
        }
    }


def _describe_shard(stream: Stream) -> Wire:
    numbers: Wire = {"StartingSequenceNumber": sequence_number(stream.first_id)}
    if stream.last_id is not None:
        numbers["EndingSequenceNumber"] = sequence_number(stream.last_id)
    return {"ShardId": stream.shard_id, "SequenceNumberRange": numbers}


def _parse_limit(request: Wire) -> int:
    limit: int = request.get("Limit", _LIMIT_MAX)
    violations = Violations()
    violations.check_range(limit, "limit", 1, _LIMIT_MAX)
    violations.raise_if_any()
    return limit


def _parse_filter(shard_filter: Wire | None) -> bool:
    """Whether the children of a shard are asked for."""
    if shard_filter is None:
        return False
    if shard_filter.get("Type") != "CHILD_SHARDS":
        raise ValidationException("Invalid ShardFilter.Type: only CHILD_SHARDS is supported")
    shard_id = shard_filter.get("ShardId")
    if shard_id is None:
        raise ValidationException("ShardFilter.ShardId must be specified when ShardFilter.Type is CHILD_SHARDS")
    if not _SHARD_ID.fullmatch(shard_id):
        raise ValidationException(f"Invalid ShardFilter.ShardId: {shard_id[:100]} is not the id of a shard")
    return True
