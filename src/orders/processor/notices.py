"""Notices for an order's history: what arrived and changed nothing, with the differences from what the table holds.

A change of the table needs no notice: its stream tells it. Nor does a message that SQS delivered again after its order
was stored by its first delivery. Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

from orders.domain.differences import Differences, find_differences
from orders.domain.history import Happening, OrderEvent, notice_key, summarize
from orders.domain.order import find_notification_id
from orders.domain.precedence import Effect
from orders.processor.outcomes import REJECTED, Outcome, Record

HAPPENINGS = {
    Effect.DUPLICATE.value: Happening.DUPLICATE,
    Effect.STALE.value: Happening.LATE,
    Effect.CONFLICT.value: Happening.CONFLICT,
    REJECTED: Happening.REJECTED,
}


def make_notice(record: Record, outcome: Outcome, now_ms: int) -> OrderEvent | None:
    """The notice of one record; None where there is nothing to tell, or no order to tell it of."""
    happening = HAPPENINGS.get(outcome.name)
    if happening is None or outcome.order_id is None:
        return None
    arrived, standing = outcome.arrived, outcome.standing
    notification = arrived.notification if arrived is not None else find_notification_id(record.body)
    notification = notification or record.message_id
    if happening is Happening.DUPLICATE and standing is not None and standing.notification == notification:
        return None
    differences = Differences()
    if arrived is not None and standing is not None and happening is not Happening.DUPLICATE:
        differences = find_differences(standing.attributes, arrived.attributes)
    return OrderEvent(
        order_id=outcome.order_id,
        sequence=notice_key(record.sent_at_ms, notification, happening),
        happening=happening,
        at_ms=now_ms,
        notification=notification,
        differences=differences,
        summary={} if arrived is None else summarize(arrived.attributes),
        reason=outcome.reason,
        traceparent=record.traceparent,
    )
