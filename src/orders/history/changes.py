"""What a record of the stream of the table Orders means: an event of the order, and a message for OrderChanged.

Promises: any item makes an event, whoever wrote it; a message fits SNS whatever the order's size; its attributes are
those of OrderTopic's messages, so that the same filters work on both, and hold the trace context of the notification.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
Pure. This file travels with the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from orders.domain.differences import find_differences
from orders.domain.history import Happening, OrderEvent, change_key, summarize
from orders.domain.stored_item import ERASED_ATTRIBUTE, split_arrival
from orders.domain.trace_context import TRACEPARENT
from orders.json_text import to_json
from orders.processor.attribute_values import decode_item
from orders.publishing.message import Attribute, Message, make_message

# SNS takes 256 KiB, attributes included: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MESSAGE_BYTES_MAX = 250_000
EVENT_ATTRIBUTE = "event"
# The test orders of `orders doctor` leave no history.
TEST_ORDER_PREFIX = "orders-doctor-"

_HAPPENINGS = {"INSERT": Happening.STORED, "MODIFY": Happening.REPLACED, "REMOVE": Happening.REMOVED}


class Change(NamedTuple):
    """One change of a stored order."""

    event: OrderEvent
    order: Mapping[str, Any]
    """As it is stored now; as it was stored last if it was removed."""


def read_change(record: Mapping[str, Any]) -> Change | None:
    """The change that a stream's record tells; None for a test order and for a write that changed no field."""
    content = record["dynamodb"]
    before, _ = split_arrival(decode_item(content.get("OldImage", {})))
    after, arrival = split_arrival(decode_item(content.get("NewImage", {})))
    order_id = content["Keys"]["orderId"]["S"]
    happening = _HAPPENINGS[record["eventName"]]
    if ERASED_ATTRIBUTE in after:
        if before == after:  # the mark of an erasure under way was taken off
            return None
        # What was stored before is the person's: nothing of it is recorded or published.
        happening, before = Happening.ERASED, {}
        after = {name: value for name, value in after.items() if name != ERASED_ATTRIBUTE}
    differences = find_differences(before, after)
    if order_id.startswith(TEST_ORDER_PREFIX) or (happening is Happening.REPLACED and not differences.shown):
        return None
    event = OrderEvent(
        order_id=order_id,
        sequence=change_key(content["SequenceNumber"]),
        happening=happening,
        at_ms=int(float(content["ApproximateCreationDateTime"]) * 1000),
        notification=arrival.notification,
        traceparent=arrival.traceparent,
        differences=differences if happening is Happening.REPLACED else differences._replace(shown=(), left_out=0),
        summary=summarize(after or before),
    )
    return Change(event, after or before)


def make_change_message(change: Change) -> Message:
    """What subscribers of OrderChanged receive. An order that fits no message is left out: they read it by its id."""
    event, order = change
    content: dict[str, Any] = {
        "event": event.happening.value,
        "eventId": event.sequence,
        "orderId": event.order_id,
        "at": _iso(event.at_ms),
        "notification": event.notification,
        TRACEPARENT: event.traceparent,
    }
    shown, left_out = event.differences
    content["differences"] = [one._asdict() for one in shown]
    content["differencesLeftOut"] = left_out
    content["order"] = order
    text = to_json(content)
    if len(text.encode()) > MESSAGE_BYTES_MAX:
        content["order"] = None
        text = to_json(content)
    if len(text.encode()) > MESSAGE_BYTES_MAX:
        content["differences"], content["differencesLeftOut"] = [], left_out + len(shown)
        text = to_json(content)
    message = make_message(text, order, event.traceparent)
    happening = Attribute(EVENT_ATTRIBUTE, "String", event.happening.value)
    return message._replace(attributes=(happening, *message.attributes))


def _iso(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
