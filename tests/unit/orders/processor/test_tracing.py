"""Goal: a message's trace is found wherever it may stand, the publisher's own word first, and nothing else is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.processor.tracing import Trace, find_trace

OWN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OF_CALL = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
HEADER = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=0"
FOUND = Trace("4bf92f3577b34da6a3ce929d0e0e4736", OWN)


def envelope(attributes: Any, message: str = '{"orderId":"1"}') -> str:
    content = {"Type": "Notification", "MessageId": "n", "TopicArn": "t", "Message": message}
    return json.dumps({**content, "MessageAttributes": attributes})


def event(traceparent: Any) -> str:
    members = {"specversion": "1.0", "id": "1", "source": "shop", "type": "order", "traceparent": traceparent}
    return json.dumps({**members, "data": {"orderId": "1"}})


@pytest.mark.parametrize(
    "record",
    [
        {"messageAttributes": {"traceparent": {"dataType": "String", "stringValue": OWN}}, "body": "{}"},
        {"body": envelope({"traceparent": {"Type": "String", "Value": OWN}})},
        {"body": event(OWN)},
        {"body": envelope({}, event(OWN))},
    ],
    ids=["raw delivery", "envelope", "event", "event in envelope"],
)
def test_publisher_s_own_trace_comes_before_that_of_the_call(record: dict[str, Any]) -> None:
    assert find_trace(record) == FOUND
    assert find_trace({**record, "attributes": {"AWSTraceHeader": HEADER}}) == FOUND


@pytest.mark.parametrize(
    "body",
    [
        "traceparent",
        "[" * 100_000 + '"traceparent"',
        json.dumps({"orderId": "1", "traceparent": OWN}),
        envelope({"traceparent": {"Type": "String", "Value": "x" * 10_000}}),
        envelope({"traceparent": OWN}),
        envelope([OWN, "traceparent"]),
        envelope("traceparent"),
        event({"traceparent": OWN}),
    ],
)
def test_what_is_no_trace_context_counts_as_none(body: str) -> None:
    hostile = {"messageAttributes": {"traceparent": {"binaryValue": "AA=="}}, "body": body}
    assert find_trace(hostile) is None
    assert find_trace({**hostile, "attributes": {"AWSTraceHeader": HEADER}}) == Trace(OF_CALL[3:35], OF_CALL)


def test_header_without_a_parent_gives_the_trace_id_alone() -> None:
    record = {"body": "{}", "attributes": {"AWSTraceHeader": HEADER.partition(";")[0]}}
    assert find_trace(record) == Trace(OF_CALL[3:35])
