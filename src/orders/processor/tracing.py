"""The trace that a message of OrderQueue belongs to.

The publisher's own word comes first: the message attribute traceparent, which SNS leaves in its envelope or, with raw
delivery, on the message; then the extension traceparent of a CloudEvent; then X-Ray's header, which stands for a whole
call of SNS. What is no trace context counts as none.
https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
Standard library only: this file travels with the function, and is imported where orders are traced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from orders.domain.order import find_event, is_envelope
from orders.domain.trace_context import TRACEPARENT, find_trace_id, from_xray_header, read_traceparent, trace_id_of

TRACE_HEADER = "AWSTraceHeader"


class Trace(NamedTuple):
    """Which trace, and where in it; the place is unknown where X-Ray's header names no parent."""

    trace_id: str
    traceparent: str | None = None


def find_trace(record: Mapping[str, Any]) -> Trace | None:
    """The trace of one record of Lambda's event; None without one."""
    traceparent = _find_own(record)
    if traceparent is not None:
        return Trace(trace_id_of(traceparent), traceparent)
    header = str(record.get("attributes", {}).get(TRACE_HEADER, ""))
    trace_id = find_trace_id(header)
    return None if trace_id is None else Trace(trace_id, from_xray_header(header))


def _find_own(record: Mapping[str, Any]) -> str | None:
    attribute = (record.get("messageAttributes") or {}).get(TRACEPARENT) or {}
    return read_traceparent(attribute.get("stringValue")) or find_traceparent(record.get("body", ""))


def find_traceparent(body: str) -> str | None:
    """The trace context in SNS's envelope, or in a CloudEvent."""
    if TRACEPARENT not in body:
        return None
    return read_traceparent(_attribute_in_envelope(body)) or read_traceparent((find_event(body) or {}).get(TRACEPARENT))


def _attribute_in_envelope(body: str) -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    attributes = value.get("MessageAttributes") if isinstance(value, dict) and is_envelope(value) else None
    attribute = attributes.get(TRACEPARENT) if isinstance(attributes, dict) else None
    return attribute.get("Value") if isinstance(attribute, dict) else None
