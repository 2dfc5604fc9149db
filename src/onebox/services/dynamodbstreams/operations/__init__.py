"""The operations of DynamoDB Streams. Each is a function of the core, the context and the request."""

from __future__ import annotations

from onebox.services.dynamodbstreams.core import Core
from onebox.services.dynamodbstreams.operations import records, streams
from onebox.services.registry import Operation, OperationTable

OPERATIONS: OperationTable[Core] = {
    "DescribeStream": Operation(streams.describe_stream, reads_only=True),
    "GetRecords": Operation(records.get_records, reads_only=True),
    "GetShardIterator": Operation(records.get_shard_iterator, reads_only=True),
    "ListStreams": Operation(streams.list_streams, reads_only=True),
}
