"""The envelope that a publisher puts around each order: none, or a CloudEvent.

CloudEvents: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orders.domain.cloud_events import DEFAULT_SOURCE, DEFAULT_TYPE, write_event
from orders.domain.order import Order, unwrap_body
from orders.domain.trace_context import TRACEPARENT, TRACESTATE, read_traceparent, read_tracestate

_is_name = re.compile(r"[!-~]{1,500}").fullmatch


@dataclass(frozen=True)
class CloudEvents:
    """Sends each order as the data of a CloudEvent 1.0.

    ``source`` is a URI or a part of one and names the shop; ``event_type`` is the event's type. Both have 1 to 500
    printable ASCII characters without spaces; raises ValueError for others.
    """

    source: str = DEFAULT_SOURCE
    event_type: str = DEFAULT_TYPE

    def __post_init__(self) -> None:
        for name, value in (("source", self.source), ("type", self.event_type)):
            if not _is_name(value):
                raise ValueError(f"{name}: expected 1 to 500 printable ASCII characters without spaces")

    def wrap(self, text: str, order: Order, traceparent: str | None = None, tracestate: str | None = None) -> str:
        """The event, with the trace that it belongs to; a text that has an envelope already is left as it is."""
        if unwrap_body(text) != text:
            return text
        extensions = _trace_extensions(traceparent, tracestate)
        return write_event(text, order.attributes, self.source, self.event_type, extensions)


def _trace_extensions(traceparent: str | None, tracestate: str | None) -> dict[str, str]:
    """The attributes of the extension Distributed Tracing; none for what is no trace context."""
    parent, state = read_traceparent(traceparent), read_tracestate(tracestate)
    if parent is None:
        return {}
    return {TRACEPARENT: parent} | ({} if state is None else {TRACESTATE: state})
