"""One mapping of a DynamoDB stream at work: it reads the stream in order, and has the function process each batch.

Promises: a record is passed only when the function has succeeded with it, or when its retries or its age are used up
and, if there is a destination, that was told; how far it has come is on disk with each step. The batches of a stream
run one after the other, so that the changes of an item keep their order.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from onebox.clock import Timer
from onebox.errors import AwsError, StorageFault
from onebox.services.dynamodb.internal import DynamoDbInternal, Stream, StreamRecord, record_event
from onebox.services.lambda_.background.poller_parts import PollerParts
from onebox.services.lambda_.background.stream_batches import Segment, find_first_failure, halves
from onebox.services.lambda_.batches import encode_event, fitting
from onebox.services.lambda_.errors import ResourceNotFoundException, TooManyRequestsException
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.filters import parse_filters, passes
from onebox.services.lambda_.model import FunctionVersion, Mapping
from onebox.services.lambda_.platform_times import iso_milliseconds, iso_seconds
from onebox.services.lambda_.principals import role_context
from onebox.storage.faults import DatabaseBusy

_WAIT_MS_MIN = 500
_WAIT_MS_MAX = 60_000
_RECORDS_READ_AT_ONCE = 1_000
_ACTIONS = ("GetRecords", "GetShardIterator", "DescribeStream")


class _Batch(NamedTuple):
    segment: Segment
    records: Sequence[StreamRecord]
    """Those that pass the filters."""
    events: Sequence[bytes]
    function: FunctionVersion
    request_id: str


class StreamPoller:
    """One enabled mapping. Everything happens in callbacks on the event loop."""

    def __init__(self, mapping: Mapping, parts: PollerParts, streams: DynamoDbInternal) -> None:
        self.mapping = mapping
        self.last_result = "No records processed"
        """LastProcessingResult of the mapping."""
        self._parts = parts
        self._deps = parts.deps
        self._streams = streams
        self._filters = parse_filters(mapping.configuration.get("FilterCriteria", {}))
        self._position = parts.load_position(mapping.uuid)
        self._segments: list[Segment] = []
        """What is left of a batch that failed."""
        self._busy = False
        self._backing_off = False
        self._stopped = False
        self._process_ends = False
        self._timer: Timer | None = None
        self._window_over = False
        self._wait_ms = _WAIT_MS_MIN
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to read."""
        stream = self._streams.find_stream(self.mapping.source_arn)
        if stream is not None:
            self._unwatch = self._streams.watch(stream, self.poll)
        self.poll()

    def stop(self, *, process_ends: bool = False) -> None:
        """Read no more; a batch under way ends as it would, unless onebox itself ends it."""
        self._stopped, self._process_ends = True, process_ends
        if self._unwatch is not None:
            self._unwatch()
        if self._timer is not None:
            self._timer.cancel()

    def poll(self) -> None:
        """Invoke the function with what is next, if it is not at work."""
        if self._busy or self._stopped or self._backing_off:
            return
        try:
            while self._step():
                pass
        except AwsError as error:
            self._problem(error)
        except DatabaseBusy:
            self._back_off()
        except StorageFault:
            return  # The engine is stopping for it.

    def _step(self) -> bool:
        """Take the next batch. True if it was passed without an invocation, and there may be more."""
        stream = self._load_stream()
        function = self._parts.resolve(self.mapping)
        self._check_rights(function)
        records = self._read(stream)
        if not records:
            return False
        if self._expired(records[0]):
            expired = [record for record in records if self._expired(record)]
            self._give_up(stream, function, expired, 0, "RecordAgeExceeded")
            return True
        segment = self._segments[0] if self._segments else Segment(records[-1].record_id)
        wanted, events = self._wanted(stream, records)
        if not wanted:
            self._pass(records[-1].record_id)
            return True
        if not self._segments and self._must_wait(len(wanted)):
            return False
        count = fitting(events)
        if count < len(events):
            segment = Segment(wanted[count - 1].record_id)
        batch = _Batch(segment, wanted[:count], events[:count], function, self._deps.ids.uuid())
        self._busy = True
        self._deps.storage.after_commit(lambda: self._invoke(batch))  # no function sees what is not on disk yet
        return False

    def _load_stream(self) -> Stream:
        stream = self._streams.find_stream(self.mapping.source_arn)
        if stream is None:
            raise ResourceNotFoundException(f"Stream not found: {self.mapping.source_arn}")
        if self._position < stream.trimmed_to:
            self._position = stream.trimmed_to  # Older than 24 hours: nobody has them any more.
        return stream

    def _check_rights(self, function: FunctionVersion) -> None:
        context = role_context(function, self._now_ms(), self.mapping.uuid, self._parts.endpoint_url())
        for action in _ACTIONS:
            decision = self._parts.iam.check(context, f"dynamodb:{action}", [self.mapping.source_arn])
            if not decision.allowed:
                raise _Denied(decision.reason)

    def _read(self, stream: Stream) -> list[StreamRecord]:
        limit = min(self.mapping.batch_size, _RECORDS_READ_AT_ONCE)
        records = self._streams.read_records(stream, self._position, limit)
        if self._segments:
            last_id = self._segments[0].last_id
            records = [record for record in records if record.record_id <= last_id]
        return records

    def _wanted(self, stream: Stream, records: Sequence[StreamRecord]) -> tuple[list[StreamRecord], list[bytes]]:
        encoded = [(record, orjson.dumps(record_event(stream, record))) for record in records]
        kept = [(record, event) for record, event in encoded if passes(self._filters, event)]
        return [record for record, _ in kept], [event for _, event in kept]

    # The batching window

    def _must_wait(self, count: int) -> bool:
        if self._window_over or not self.mapping.window_ms or count >= self.mapping.batch_size:
            return False
        if self._timer is None:
            self._wait(self.mapping.window_ms, self._close_window)
        return True

    def _close_window(self) -> None:
        self._window_over = True

    # One batch

    def _invoke(self, batch: _Batch) -> None:
        if self._stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._window_over = False
        age_ms = max(0, self._now_ms() - batch.records[-1].created_at_ms)
        self._parts.invoker.metrics.stream_batch(batch.function, self.mapping.qualifier, age_ms)
        try:
            self._parts.invoker.invoke(
                batch.function,
                self.mapping.qualifier,
                encode_event(batch.events),
                lambda outcome: self._completed(batch, outcome),
                request_id=batch.request_id,
                patient=True,
            )
        except TooManyRequestsException:
            self.last_result = "PROBLEM: Function call throttled"
            self._busy = False
            self._back_off()

    def _completed(self, batch: _Batch, outcome: Outcome) -> None:
        self._busy = False
        if self._process_ends:
            return  # onebox has ended the process: no attempt.
        try:
            self._record_outcome(batch, outcome)
        except AwsError as error:
            self._problem(error)
        except StorageFault:
            return  # The engine is stopping for it.
        self.poll()

    def _record_outcome(self, batch: _Batch, outcome: Outcome) -> None:
        numbers = [record.sequence_number for record in batch.records]
        failed_at: int | None = 0 if outcome.failed else None
        if not outcome.failed and self.mapping.reports_item_failures:
            failed_at = find_first_failure(outcome.payload, numbers)
        if failed_at is None:
            self.last_result, self._wait_ms = "OK", _WAIT_MS_MIN
            self._segments = self._segments[1:]
            self._pass(batch.segment.last_id)
            return
        self.last_result = "PROBLEM: Function call failed"
        if failed_at > 0:
            # What comes before the first failure is done with; the rest is a batch of its own.
            self._replace_segment(batch, [Segment(batch.segment.last_id, batch.segment.attempts)])
            self._pass(batch.records[failed_at - 1].record_id)
        self._retry(batch, batch.records[failed_at:], outcome)

    def _retry(self, batch: _Batch, records: Sequence[StreamRecord], outcome: Outcome) -> None:
        settings = self.mapping.configuration
        attempts, most = batch.segment.attempts + 1, settings["MaximumRetryAttempts"]
        if settings["BisectBatchOnFunctionError"] and len(records) > 1:
            self._replace_segment(batch, [*halves([record.record_id for record in records])])
        elif 0 <= most < attempts:
            stream = self._load_stream()
            self._segments = self._segments[1:]
            self._give_up(stream, batch.function, records, attempts, "RetryAttemptsExhausted", outcome, batch)
            return
        else:
            self._replace_segment(batch, [Segment(batch.segment.last_id, attempts)])
        self._back_off()

    def _replace_segment(self, batch: _Batch, segments: list[Segment]) -> None:
        rest = self._segments[1:] if self._segments else []
        if segments[-1].last_id < batch.segment.last_id:
            segments = [*segments, Segment(batch.segment.last_id)]
        self._segments = [*segments, *rest]

    # Progress

    def _pass(self, record_id: int) -> None:
        """The function has done with all records up to this one."""
        self._position = record_id
        self._deps.storage.run_patiently(lambda: self._parts.save_position(self.mapping.uuid, record_id))

    def _give_up(
        self,
        stream: Stream,
        function: FunctionVersion,
        records: Sequence[StreamRecord],
        attempts: int,
        condition: str,
        outcome: Outcome | None = None,
        batch: _Batch | None = None,
    ) -> None:
        """Pass records that the function could not process, and tell the destination."""
        target = self.mapping.configuration["DestinationConfig"].get("OnFailure", {}).get("Destination")
        last_id = batch.segment.last_id if batch is not None else records[-1].record_id
        request_id = batch.request_id if batch is not None else self._deps.ids.uuid()

        def give_up() -> None:
            self._parts.save_position(self.mapping.uuid, last_id)
            if target:
                body = self._failure_record(stream, function, records, attempts, condition, request_id, outcome)
                self._tell(function, request_id, target, body)

        self._deps.storage.run_patiently(give_up)
        self._position = last_id

    def _tell(self, function: FunctionVersion, request_id: str, target: str, body: str) -> None:
        try:
            self._parts.destinations.send(function, request_id, target, body, {})
        except AwsError as error:
            self._deps.log.warning("%s could not send to %s: %s", self.mapping.arn, target, error.message)
            self._parts.invoker.metrics.event(self.mapping.key, "DestinationDeliveryFailures", 1, "Count")

    def _failure_record(
        self,
        stream: Stream,
        function: FunctionVersion,
        records: Sequence[StreamRecord],
        attempts: int,
        condition: str,
        request_id: str,
        outcome: Outcome | None,
    ) -> str:
        """AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html"""
        record: dict[str, object] = {
            "requestContext": {
                "requestId": request_id,
                "functionArn": self.mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "version": "1.0",
            "timestamp": iso_milliseconds(self._now_ms()),
            "DDBStreamBatchInfo": {
                "shardId": stream.shard_id,
                "startSequenceNumber": records[0].sequence_number,
                "endSequenceNumber": records[-1].sequence_number,
                "approximateArrivalOfFirstRecord": iso_seconds(records[0].created_at_ms),
                "approximateArrivalOfLastRecord": iso_seconds(records[-1].created_at_ms),
                "batchSize": len(records),
                "streamArn": stream.arn,
            },
        }
        if outcome is not None:
            record["responseContext"] = {
                "statusCode": 200,
                "executedVersion": function.version,
                "functionError": "Unhandled" if outcome.failed else None,
            }
        return orjson.dumps(record).decode()

    def _expired(self, record: StreamRecord) -> bool:
        age_s = int(self.mapping.configuration["MaximumRecordAgeInSeconds"])
        return age_s >= 0 and self._now_ms() - record.created_at_ms > age_s * 1000

    # Waiting

    def _problem(self, error: AwsError) -> None:
        result = f"PROBLEM: {error.message}"
        if result != self.last_result:
            self._deps.log.warning("event source mapping %s: %s", self.mapping.uuid, error.message)
        self.last_result = result
        self._back_off()

    def _back_off(self) -> None:
        self._backing_off = True
        self._wait(self._wait_ms, self._end_back_off)
        self._wait_ms = min(2 * self._wait_ms, _WAIT_MS_MAX)

    def _end_back_off(self) -> None:
        self._backing_off = False

    def _wait(self, wait_ms: int, then: Callable[[], None]) -> None:
        def ended() -> None:
            self._timer = None
            then()
            self.poll()

        if self._timer is not None:
            self._timer.cancel()
        if not self._stopped:
            self._timer = self._deps.clock.call_at(self._deps.clock.steady_ms() + wait_ms, ended)

    def _now_ms(self) -> int:
        return self._deps.clock.now_ms()


class _Denied(AwsError):
    """The function's role may not read the stream."""
