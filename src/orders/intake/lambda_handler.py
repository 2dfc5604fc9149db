"""OrderIntake: what Lambda calls with a request to the function's URL.

Promises: one line of log for each request, with the caller's name and counts, and no content of an order.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import os
import sys
from typing import Any

from orders.clock import SystemClock
from orders.domain.trace_context import trace_id_of
from orders.intake.caller_store import SSM, CallerStore
from orders.intake.callers import CALLERS_PATH
from orders.intake.http_request import Request, read_request
from orders.intake.intake import Handled, Intake, Limits
from orders.intake.key_table import KeyTable, OrderReader
from orders.intake.topic import SnsTopic
from orders.json_text import to_json
from orders.processor.aws_json_client import connect
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.s3_client import connect_bucket

_environment = dict(os.environ)
_clock = SystemClock()
_dynamodb = DynamoDbEndpoint(connect(_environment, DYNAMODB))
_claims = (
    connect_bucket(_environment, _environment["CLAIMS_BUCKET"], _clock) if "CLAIMS_BUCKET" in _environment else None
)
_intake = Intake(
    callers=(
        None
        if _environment["AUTH"] == "IAM"
        else CallerStore(connect(_environment, SSM), _clock, _environment.get("CALLERS_PATH", CALLERS_PATH))
    ),
    keys=KeyTable(_dynamodb, _environment["KEYS_TABLE_NAME"], _clock),
    topic=SnsTopic(_environment["TOPIC_ARN"], _claims),
    orders=OrderReader(_dynamodb, _environment["TABLE_NAME"], _clock, _claims),
    clock=_clock,
    limits=Limits(int(_environment.get("REQUESTS_PER_MINUTE", "0")), claim_check=_claims is not None),
)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request."""
    began_ms = _clock.monotonic_ms()
    request = read_request(event)
    handled = _intake.handle(request, context.aws_request_id, context.get_remaining_time_in_millis)
    _log(request, handled, context.aws_request_id, _clock.monotonic_ms() - began_ms)
    return handled.answer.describe()


def _log(request: Request, handled: Handled, request_id: str, duration_ms: float) -> None:
    status = handled.answer.status
    line: dict[str, Any] = {
        "level": "ERROR" if status >= 500 else "INFO",
        "resource": handled.resource,
        "status": status,
        "caller": handled.caller,
        "orders": handled.orders,
        "accepted": handled.accepted,
        "replayed": handled.replayed,
        "durationMs": round(duration_ms, 3),
        "requestId": request_id,
    }
    if request.traceparent is not None:
        line["traceId"] = trace_id_of(request.traceparent)
    sys.stdout.write(f"{to_json(line)}\n")
