"""What Lambda and the DynamoDB Streams service ask of DynamoDB: streams, their shards and records.

Every stream has one shard, so the order of a shard is the order of all changes of the table. Places in a shard are
record ids: 0 is before all records, a reader that has read up to a record goes on after its id. Callers have checked
the rights of those they act for.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from onebox.arn import find_arn, partition_of
from onebox.services.context import Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.limits import STREAM_PAGE_BYTES_MAX
from onebox.services.dynamodb.model import Stream, StreamRecord

__all__ = ["DynamoDbInternal", "Stream", "StreamRecord", "parse_stream_arn"]


def parse_stream_arn(arn: str) -> tuple[str, str, str, str] | None:
    """Account, region, table name and label of a stream's ARN; None for other text."""
    found = find_arn(arn)
    if found is None or found.service != "dynamodb" or found.partition != partition_of(found.region):
        return None
    parts = found.resource.split("/")
    if len(parts) != 4 or parts[0] != "table" or parts[2] != "stream" or not parts[1] or not parts[3]:
        return None
    return found.account, found.region, parts[1], parts[3]


class DynamoDbInternal:
    """Streams, for other services. ARNs name streams of any account and region."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def find_stream(self, arn: str) -> Stream | None:
        """The stream, enabled or disabled less than 24 hours ago; None if there is none."""
        parsed = parse_stream_arn(arn)
        return None if parsed is None else self._core.streams.find(*parsed)

    def list_streams(
        self, account: str, region: str, table_name: str | None, after: tuple[str, str], limit: int
    ) -> list[Stream]:
        """Streams in the order of table name and label, after such a pair; ``table_name`` None for all tables."""
        return self._core.streams.list_streams(account, region, table_name, after, limit)

    def newest_record_id(self, stream: Stream) -> int:
        """The place behind all records that there are: where a reader from LATEST begins."""
        return self._core.streams.last_id(stream)

    def find_place_at(self, stream: Stream, moment_ms: int) -> int:
        """The place before the first record that is not older than a moment."""
        low, high = stream.trimmed_to, self._core.streams.last_id(stream)
        while low < high:
            middle = (low + high) // 2
            found = self._core.streams.read(stream.stream_id, middle, 1)
            if found and self._core.deps.clock.wall_of(found[0].created_at_ms) < moment_ms:
                low = found[0].record_id
            else:
                high = middle
        return low

    def read_records(self, stream: Stream, after_id: int, limit: int) -> list[StreamRecord]:
        """The next records after a place, in order; fewer than ``limit`` at the end, or beyond 1 MB.

        They carry wall time; steady time is stored, so that a record's age does not jump when the wall clock is set.
        A disabled stream gets no further records: it is read to its end when ``after_id`` has reached ``last_id``.
        """
        page: list[StreamRecord] = []
        size_bytes = 0
        wall_of = self._core.deps.clock.wall_of
        while len(page) < limit:
            step = self._core.streams.read(stream.stream_id, after_id, min(limit - len(page), _STEP_RECORDS))
            for record in step:
                size_bytes += record.size_bytes
                if page and size_bytes > STREAM_PAGE_BYTES_MAX:
                    return page
                page.append(record._replace(created_at_ms=wall_of(record.created_at_ms)))
            if len(step) < _STEP_RECORDS:
                return page
            after_id = page[-1].record_id
        return page

    def watch(self, stream: Stream, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` on the event loop whenever new records of the stream are on disk, or it is disabled; the
        answer ends that. Idempotent."""
        return self._core.changes.watch(stream.stream_id, wake)


_STEP_RECORDS = 100


def record_event(stream: Stream, record: StreamRecord) -> Wire:
    """A record as Lambda hands it to a function: times in seconds, images as values, with ``eventSourceARN``."""
    change: Wire = {
        "ApproximateCreationDateTime": record.created_at_ms // 1000,
        "Keys": orjson.loads(record.keys),
        "SequenceNumber": record.sequence_number,
        "SizeBytes": record.size_bytes,
        "StreamViewType": stream.view_type,
    }
    if record.new_image is not None:
        change["NewImage"] = orjson.loads(record.new_image)
    if record.old_image is not None:
        change["OldImage"] = orjson.loads(record.old_image)
    event: Wire = {
        "eventID": record.event_id,
        "eventName": record.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.region,
        "dynamodb": change,
        "eventSourceARN": stream.arn,
    }
    if record.by_ttl:
        event["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return event
