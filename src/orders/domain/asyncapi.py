"""The order system as an AsyncAPI 3 document: its topics, their messages and the attributes to filter by.

Promises: the order's schema is that of contract_schema.py, word for word, and so is the version.
AsyncAPI: https://www.asyncapi.com/docs/reference/specification/v3.0.0
Bindings for SNS: https://github.com/asyncapi/bindings/tree/master/sns
"""

from __future__ import annotations

from typing import Any

from orders.domain.contract import CONTRACT_VERSION
from orders.domain.contract_schema import DESCRIPTION, EXAMPLE, make_schema
from orders.domain.history import CHANGES
from orders.domain.trace_context import TRACEPARENT

ASYNCAPI_VERSION = "3.0.0"
_SNS_BINDING = "0.1.0"
_NULLABLE_TEXT: dict[str, Any] = {"type": ["string", "null"]}

# What publishers send beside the order, as SNS message attributes. Filter policies of subscriptions read them.
_ATTRIBUTES: dict[str, Any] = {
    "status": {"type": "string"},
    "country": {"type": "string"},
    "currency": {"type": "string"},
    "total": {"type": "number"},
}
_TRACEPARENT: dict[str, Any] = {
    TRACEPARENT: {"type": "string", "description": "The W3C trace context that the order belongs to."}
}
_HAPPENINGS = sorted(one.value for one in CHANGES)


def make_document() -> dict[str, Any]:
    """The AsyncAPI document, as JSON."""
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Orders",
            "version": CONTRACT_VERSION,
            "description": "Shops publish notifications of orders; the system stores each order once and, if its "
            "history is kept, tells subscribers what was stored.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "orderTopic": _topic("OrderTopic", "What the shops send.", "order"),
            "orderChanged": _topic(
                "OrderChanged", "What the table holds; there only if the history is kept.", "orderChanged"
            ),
        },
        "operations": {
            "receiveOrder": _operation("receive", "orderTopic", "order", "Stores the order if it is the newest."),
            "sendOrderChanged": _operation("send", "orderChanged", "orderChanged", "Tells of a change of the table."),
        },
        "components": {
            "messages": {"order": _order_message(), "orderChanged": _changed_message()},
            "schemas": {"order": _order_schema(), "orderChanged": _changed_schema()},
        },
    }


def _topic(name: str, description: str, message: str) -> dict[str, Any]:
    return {
        "address": name,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"sns": {"name": name, "bindingVersion": _SNS_BINDING}},
    }


def _operation(action: str, channel: str, message: str, summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        "summary": summary,
    }


def _order_schema() -> dict[str, Any]:
    """Without $schema: an AsyncAPI document's own dialect holds for the schemas in it."""
    return {keyword: value for keyword, value in make_schema().items() if keyword != "$schema"}


def _order_message() -> dict[str, Any]:
    return {
        "name": "order",
        "title": "Notification of an order",
        "summary": DESCRIPTION,
        "description": "The order may also come as the data of a CloudEvent 1.0 in the structured JSON format.",
        "contentType": "application/json",
        "headers": {"type": "object", "properties": {**_ATTRIBUTES, **_TRACEPARENT}},
        "payload": {"$ref": "#/components/schemas/order"},
        "examples": [{"name": "order", "payload": EXAMPLE}],
    }


def _changed_message() -> dict[str, Any]:
    event = {"event": {"type": "string", "enum": _HAPPENINGS}}
    return {
        "name": "orderChanged",
        "title": "Change of a stored order",
        "contentType": "application/json",
        "headers": {"type": "object", "properties": {**event, **_ATTRIBUTES, **_TRACEPARENT}, "required": ["event"]},
        "payload": {"$ref": "#/components/schemas/orderChanged"},
    }


def _changed_schema() -> dict[str, Any]:
    difference = {
        "type": "object",
        "description": "The values as JSON text; null where the field was absent.",
        "properties": {"path": {"type": "string"}, "before": _NULLABLE_TEXT, "after": _NULLABLE_TEXT},
        "required": ["path", "before", "after"],
    }
    fields: dict[str, Any] = {
        "event": {"type": "string", "enum": _HAPPENINGS},
        "eventId": {"type": "string", "description": "The same for the same change, so that a repeat is recognised."},
        "orderId": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "notification": {**_NULLABLE_TEXT, "description": "The message id of the notification that it came by."},
        TRACEPARENT: {**_NULLABLE_TEXT, "description": "The trace context that came with the notification."},
        "differences": {"type": "array", "items": difference, "description": "Empty unless the order was replaced."},
        "differencesLeftOut": {"type": "integer", "minimum": 0},
        "order": {
            "type": ["object", "null"],
            "description": "The order as it is stored, or as it was before it was removed; null if it fits no message.",
        },
    }
    return {"type": "object", "properties": fields, "required": list(fields)}
