"""Failed orders grouped by reason, and selected by id or reason. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orders.dead_letters.reasons import FailedOrder


class Group(NamedTuple):
    """Failed orders of one kind."""

    orders: int
    exception: str | None
    field: str | None
    reason: str
    """The reason of all of them, without what differs."""
    reason_from: str
    first_at_ms: int | None
    """When the first of them failed for the first time; None if no log tells."""
    last_at_ms: int | None
    message_ids: list[str]


def group_by_reason(failed_orders: Sequence[FailedOrder]) -> list[Group]:
    """Failed orders by what is wrong with them, the most frequent first."""
    kinds: dict[tuple[str | None, str | None, str, str], list[FailedOrder]] = {}
    for order in failed_orders:
        kinds.setdefault((order.exception, order.field, order.kind, order.reason_from), []).append(order)
    groups = [_make_group(members) for members in kinds.values()]
    return sorted(groups, key=lambda group: -group.orders)


def _make_group(members: Sequence[FailedOrder]) -> Group:
    first = members[0]
    alike = all(order.reason == first.reason for order in members)
    return Group(
        orders=len(members),
        exception=first.exception,
        field=first.field,
        reason=first.reason if alike else first.kind,
        reason_from=first.reason_from,
        first_at_ms=min(
            (order.first_failed_at_ms for order in members if order.first_failed_at_ms is not None),
            default=None,
        ),
        last_at_ms=max(
            (order.failed_at_ms for order in members if order.failed_at_ms is not None),
            default=None,
        ),
        message_ids=[order.message_id for order in members],
    )


def select(failed_orders: Sequence[FailedOrder], wanted: str) -> list[FailedOrder]:
    """Those whose message id or order id is, or whose message id begins with, what was asked for."""
    exact = [order for order in failed_orders if wanted in (order.message_id, order.order_id)]
    return exact or [order for order in failed_orders if order.message_id.startswith(wanted)]


def select_by_reason(failed_orders: Sequence[FailedOrder], wanted: str) -> list[FailedOrder]:
    """Those whose exception and reason, as ``orders dlq list`` shows them, contain a text, in any case."""
    return [order for order in failed_orders if wanted.casefold() in order.full_reason.casefold()]
