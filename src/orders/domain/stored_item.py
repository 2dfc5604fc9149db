"""What a stored item holds beside the order's own fields: how the order came, that it was erased, where its body is.

Promises: these attributes are no fields of the order. An order that arrives with a field of such a name is stored
without it. ARRIVAL_BYTES_MAX is exactly what an item grows by at most when the order is stored with how it came, so the
limit of an order (limits.py) leaves room for it.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from orders.domain.trace_context import TRACEPARENT_BYTES, read_traceparent

# The notification that the order came by, where a history is kept. Readers leave it out.
NOTIFICATION_ATTRIBUTE = "orders:notification"
# The same for the trace context that came with that notification.
TRACE_ATTRIBUTE = "orders:traceparent"
# The attribute of an item that stands for an erased order: when it was erased. No notification replaces such an item.
ERASED_ATTRIBUTE = "orders:erased"
# Beside it while the erasure is under way: a digest of the customer, by which a run after a crash finds the orders.
ERASING_ATTRIBUTE = "orders:erasing"
# The attribute of an item whose order is too large for DynamoDB: digest and size of the body, which is kept in S3
# (bodies.py). The item's other attributes are then the head of the order.
BODY_ATTRIBUTE = "orders:body"
# What the system alone writes: an order that arrives with a field of this name is stored without it.
_WRITTEN_BY_THE_SYSTEM = frozenset({ERASED_ATTRIBUTE, BODY_ATTRIBUTE})
# What a stored item holds beside the order's own fields, and readers leave out.
_HIDDEN_ATTRIBUTES = frozenset({NOTIFICATION_ATTRIBUTE, TRACE_ATTRIBUTE, ERASING_ATTRIBUTE})

# An id of SNS is a UUID; SQS documents ids of up to 100 characters.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
NOTIFICATION_BYTES_MAX = 100
# In DynamoDB's measure a text takes its bytes and those of its name.
ARRIVAL_BYTES_MAX = len(NOTIFICATION_ATTRIBUTE) + NOTIFICATION_BYTES_MAX + len(TRACE_ATTRIBUTE) + TRACEPARENT_BYTES


class Arrival(NamedTuple):
    """How a stored order came into the table. None where no history was kept, or nobody sent a trace context."""

    notification: str | None = None
    traceparent: str | None = None


_UNKNOWN_ARRIVAL = Arrival()


def read_notification_id(value: object) -> str | None:
    """The value if it may be the id of a message: 1 to 100 printable ASCII characters; None for anything else.

    Whoever may send to the queue can write an envelope with any id in it.
    """
    is_id = isinstance(value, str) and re.fullmatch(f"[!-~]{{1,{NOTIFICATION_BYTES_MAX}}}", value) is not None
    return str(value) if is_id else None


def split_arrival(attributes: dict[str, Any]) -> tuple[dict[str, Any], Arrival]:
    """A stored item's own fields, and how it came."""
    if _HIDDEN_ATTRIBUTES.isdisjoint(attributes):
        return attributes, _UNKNOWN_ARRIVAL
    fields = {name: value for name, value in attributes.items() if name not in _HIDDEN_ATTRIBUTES}
    notification = attributes.get(NOTIFICATION_ATTRIBUTE)
    return fields, Arrival(
        notification if isinstance(notification, str) else None, read_traceparent(attributes.get(TRACE_ATTRIBUTE))
    )


def own_fields(attributes: dict[str, Any]) -> dict[str, Any]:
    """The fields of an order that arrives, without those that only the system writes."""
    attributes, _ = split_arrival(attributes)
    if _WRITTEN_BY_THE_SYSTEM.isdisjoint(attributes):
        return attributes
    return {name: value for name, value in attributes.items() if name not in _WRITTEN_BY_THE_SYSTEM}


def add_arrival(fields: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    """The item of an order that came so."""
    if arrival.notification is None:
        return fields
    item = {**fields, NOTIFICATION_ATTRIBUTE: arrival.notification}
    if arrival.traceparent is not None:
        item[TRACE_ATTRIBUTE] = arrival.traceparent
    return item
