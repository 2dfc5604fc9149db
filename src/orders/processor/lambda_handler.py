"""OrderProcessor: what Lambda calls with a batch of OrderQueue's messages.

Promises: answers with the messages to give back (ReportBatchItemFailures), so that one bad order never brings
back its neighbours; writes one structured log line for each order, by whose messageId an operator finds why
it failed and when it is tried again, and one of business metrics for the batch. With QUEUE_URL in the environment it
arranges the next try itself (give_back.py); without, the queue's visibility timeout decides. No AWS Lambda Powertools:
its batch and logger take 210 ms more to start and 0.06 ms more for an order, and hand out records one by one, which
forbids writing ten in one call (docs/decisions/0005).
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from orders.clock import SystemClock
from orders.domain.trace_context import TRACEPARENT
from orders.processor.aws_json_client import ANSWER_TIMEOUT_S, connect
from orders.processor.breaker import Breaker
from orders.processor.consume import consume
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.dynamodb_store import DynamoDbOrders
from orders.processor.metrics import NAMESPACE, metric_lines
from orders.processor.outcomes import Outcome, Record

if TYPE_CHECKING:
    from orders.processor.give_back import NextTry, RetryQueue
    from orders.processor.ports import Claims
    from orders.processor.tracing import Trace

# The answer must be on its way before Lambda ends the call.
MARGIN_MS = 500.0
# So long a batch is tried again within the call before its orders are set aside. A throttled table has recovered by
# then, or needs longer than a call should last.
RETRIES_MS = 4_000.0

_NONE: dict[str, str] = {}
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# Lambda starts a process, imports this file and then calls it many times: what is made here is kept between
# calls.
_environment = dict(os.environ)
_queue_url = _environment.get("QUEUE_URL", "")
_clock = SystemClock()
_dynamodb = DynamoDbEndpoint(connect(_environment, DYNAMODB))
_store = DynamoDbOrders(_dynamodb, _environment["TABLE_NAME"], _clock)
# Named where a history is kept (the template's parameter History).
_events_table = _environment.get("EVENTS_TABLE_NAME", "")
# Named where orders come by claim check (the template's parameter ClaimCheck).
_claims_bucket = _environment.get("CLAIMS_BUCKET", "")
# Another one where the names of the system have a prefix (the template's parameter NamePrefix).
_namespace = _environment.get("METRICS_NAMESPACE", NAMESPACE)
_breaker = Breaker() if _queue_url else None


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Store the orders of one batch and name the messages that are to come back."""
    began_ms = _clock.monotonic_ms()
    records = event["Records"]
    if any(record.get("attributes", _NONE).get("ApproximateReceiveCount", "1") != "1" for record in records):
        _name_messages(records, context.aws_request_id)
    try:
        traces = [_find_trace(record) for record in records]
        outcomes = _store_orders(records, traces, began_ms, context.get_remaining_time_in_millis() - MARGIN_MS)
    except Exception as error:
        from orders.processor.crash_line import crash_line

        _write([_encode(crash_line(error, records, context.aws_request_id))])
        raise
    next_tries: Mapping[int, NextTry] = {}
    if any(outcome.is_given_back for outcome in outcomes):
        next_tries = _give_back(records, outcomes)
    now_ms = _clock.now_ms()
    offset_ms = now_ms - _clock.monotonic_ms()
    lines = [
        _encode(
            log_line(
                record,
                outcome,
                context.aws_request_id,
                began_ms=began_ms,
                offset_ms=offset_ms,
                trace=trace,
                next_try=next_tries.get(position),
            )
        )
        for position, (record, outcome, trace) in enumerate(zip(records, outcomes, traces, strict=True))
    ]
    receives = {position: one.receive for position, one in next_tries.items()}
    lines += metric_lines(outcomes, now_ms, receives, _namespace)
    _write(lines)
    return {
        "batchItemFailures": [
            {"itemIdentifier": outcomes[position].message_id}
            for position, next_try in sorted(next_tries.items())
            if not next_try.moved_to
        ]
    }


def _name_messages(records: list[dict[str, Any]], request_id: str) -> None:
    """Tell which messages a batch holds before it starts: some failed before, perhaps by ending the process."""
    from orders.processor.crash_line import batch_line

    _write([_encode(batch_line(records, request_id))])
    sys.stdout.flush()


def _store_orders(
    records: list[dict[str, Any]], traces: list[Trace | None], began_ms: float, usable_ms: float
) -> list[Outcome]:
    """A third of the time for retries, a third for the last call, a third for giving back what failed."""
    retries_ms = usable_ms if _breaker is None else min(RETRIES_MS, usable_ms / 3)
    _store.limit_wait(min(ANSWER_TIMEOUT_S, max(0.1, usable_ms / 3_000)))
    deadline_ms = began_ms + retries_ms
    batch = [_read_record(record, trace) for record, trace in zip(records, traces, strict=True)]
    outcomes = consume(
        batch,
        _store,
        _clock,
        deadline_ms,
        _breaker,
        keeps_history=bool(_events_table),
        open_claims=_open_claims,
        claims_deadline_ms=began_ms + usable_ms / 3,
    )
    if not _events_table:
        return outcomes
    from orders.processor.dynamodb_events import DynamoDbEvents
    from orders.processor.record_notices import record_notices

    return record_notices(batch, outcomes, DynamoDbEvents(_dynamodb, _events_table, _clock), _clock, deadline_ms)


def _read_record(record: Mapping[str, Any], trace: Trace | None) -> Record:
    sent_at_ms = int(record.get("attributes", _NONE).get("SentTimestamp", 0))
    return Record(record["messageId"], record["body"], sent_at_ms, None if trace is None else trace.traceparent)


def _find_trace(record: Mapping[str, Any]) -> Trace | None:
    if (
        TRACEPARENT not in record.get("body", "")
        and TRACEPARENT not in (record.get("messageAttributes") or _NONE)
        and "AWSTraceHeader" not in record.get("attributes", _NONE)
    ):
        return None
    # Imported where orders are traced.
    from orders.processor.tracing import find_trace

    return find_trace(record)


def _give_back(records: list[dict[str, Any]], outcomes: list[Outcome]) -> Mapping[int, NextTry]:
    # Imported where something failed: most processes of the function never need it, and start sooner without.
    from orders.processor import give_back

    if not _queue_url:
        return give_back.leave_to_queue(records, outcomes)
    return give_back.give_back(records, outcomes, _queue(), _clock)


def _open_claims() -> Claims | None:
    """The bucket of large orders; None in a system without claim checks."""
    global _claims
    if _claims is None and _claims_bucket:
        from orders.processor.s3_client import connect_bucket

        _claims = connect_bucket(_environment, _claims_bucket, _clock)
    return _claims


def _queue() -> RetryQueue:
    global _retry_queue
    if _retry_queue is None:
        from orders.processor.queue_client import SQS, QueueClient

        _retry_queue = QueueClient(connect(_environment, SQS), _queue_url, _clock)
    return _retry_queue


_retry_queue: RetryQueue | None = None
_claims: Claims | None = None


def _write(lines: list[str]) -> None:
    # One write for all: each line becomes an event of its own. Half of a surrogate pair, which a rejected order may
    # hold, is written as JSON's escape: it has no UTF-8, and would fail the whole batch.
    sys.stdout.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace").decode())


def log_line(
    record: dict[str, Any],
    outcome: Outcome,
    request_id: str,
    *,
    began_ms: float,
    offset_ms: float,
    trace: Trace | None = None,
    next_try: NextTry | None = None,
) -> dict[str, Any]:
    """The log line of one order. ``latencyMs`` runs from its arrival in the queue, ``durationMs`` from this
    call's. ``traceId`` stands where the publisher sent a trace context, ``receiveCount`` where a try failed: in this
    line, or in one before it.
    """
    attributes = record.get("attributes", {})
    line: dict[str, Any] = {
        "level": "ERROR" if next_try is not None else "INFO",
        "outcome": outcome.name,
        "orderId": outcome.order_id,
        "messageId": outcome.message_id,
        "durationMs": round(outcome.settled_at_ms - began_ms, 3),
        "requestId": request_id,
    }
    if trace is not None:
        line["traceId"] = trace.trace_id
    if "SentTimestamp" in attributes:
        line["latencyMs"] = round(outcome.settled_at_ms + offset_ms - int(attributes["SentTimestamp"]), 1)
    if next_try is not None:
        line["exception"] = outcome.code
        line["reason"] = outcome.reason
        line["field"] = outcome.field
        line.update(next_try.describe(int(outcome.settled_at_ms + offset_ms)))
    elif record.get("messageAttributes") or attributes.get("ApproximateReceiveCount", "1") != "1":
        _add_earlier_tries(line, record)
    return line


def _add_earlier_tries(line: dict[str, Any], record: dict[str, Any]) -> None:
    from orders.processor.next_try import read_receive

    receive = read_receive(record)
    if receive.mark is None and receive.number < 2:
        return
    line["receiveCount"] = receive.number
    if receive.mark is not None:
        line["setAside"] = receive.mark.times
        if "latencyMs" in line:
            line["latencyMs"] = round(line["latencyMs"] + receive.sent_ms - receive.mark.sent_ms, 1)
