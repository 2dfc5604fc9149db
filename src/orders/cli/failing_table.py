"""Orders that are failing now, as lines for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from orders.cli.output import show_time
from orders.function_log.failing import FailingNow, FailingOrder
from orders.text import printable

REASON_MAX = 160


def failing_lines(failing: FailingNow, now_ms: int, limit: int) -> Iterator[str]:
    """A line for each order, the next to be tried first, and one for each kind of call without an answer."""
    for order in failing.orders[:limit]:
        yield failing_line(order, now_ms)
    if len(failing.orders) > limit:
        yield f"and {len(failing.orders) - limit:,} more: `orders dlq list`"
    for crash in failing.crashes[:limit]:
        reason = printable(f"{crash.exception}: {crash.reason}", REASON_MAX)
        yield f"{crash.times:,} calls ended without an answer, last {show_time(crash.last_at_ms)}: {reason}"


def failing_line(order: FailingOrder, now_ms: int) -> str:
    """One order: which try, what comes next and when, why."""
    name = (
        printable(order.order_id)
        if order.order_id and order.order_id.strip()
        else f"message {printable(order.message_id)[:8]}"
    )
    cause = order.reason if order.reason.startswith(order.exception) else f"{order.exception}: {order.reason}"
    reason = printable(cause, REASON_MAX)
    return f"{name}: {order.attempt}, {describe_next(order, now_ms)}: {reason}"


def describe_next(order: FailingOrder, now_ms: int) -> str:
    """When the next try comes, or the move to OrderDLQ."""
    what = "to OrderDLQ" if order.moves_next else "next"
    wait_s = (order.next_at_ms - now_ms) / 1000
    if wait_s <= 0:
        return f"{what} now"
    return f"{what} in {wait_s:,.0f} s" if wait_s < 120 else f"{what} in {wait_s / 60:,.0f} min"


def failing_row(order: FailingOrder) -> dict[str, object]:
    """One order for programs."""
    return {
        "state": "failing",
        "message_id": order.message_id,
        "order_id": order.order_id,
        "exception": order.exception,
        "field": order.field,
        "reason": order.reason,
        "receive": order.receive,
        "receives_max": order.receives_max,
        "set_aside": order.set_aside,
        "failed_at_ms": order.failed_at_ms,
        "next_at_ms": order.next_at_ms,
        "moves_next": order.moves_next,
    }
