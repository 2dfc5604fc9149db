"""OrderDLQ as it was read last: its failed orders, grouped and searchable. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

from orders.dead_letters.grouping import Group, group_by_reason
from orders.dead_letters.reasons import FailedOrder


class DlqSnapshot:
    """OrderDLQ at one moment."""

    def __init__(
        self, at_ms: int, failed_orders: Sequence[FailedOrder], receives: Mapping[str, int], rest: int
    ) -> None:
        self.at_ms = at_ms
        self.failed_orders = failed_orders
        """The oldest first."""
        self.receives = receives
        """How often each was received, by message id."""
        self.rest = rest
        """About how many more messages there were, beyond SNAPSHOT_MAX."""
        self._by_id = {order.message_id: order for order in failed_orders}
        self.groups: dict[str, Group] = {
            group_key(self._by_id[group.message_ids[0]]): group for group in group_by_reason(failed_orders)
        }
        """By a key that stays the same from snapshot to snapshot; the most frequent first."""

    @property
    def total(self) -> int:
        """How many messages the queue held, those that were not read included."""
        return len(self.failed_orders) + self.rest

    def find(self, message_id: str) -> FailedOrder | None:
        return self._by_id.get(message_id)

    def members(self, key: str) -> list[FailedOrder]:
        """The failed orders of a group; none if there is no such group any more."""
        group = self.groups.get(key)
        return [] if group is None else [self._by_id[message_id] for message_id in group.message_ids]

    def search(self, text: str, key: str = "") -> list[FailedOrder]:
        """Those of a group, or of all where none is given, with a text in an id or in the reason, in any case."""
        wanted = text.casefold()
        failed_orders = self.members(key) if key else self.failed_orders
        return [order for order in failed_orders if not wanted or wanted in _searched(order)]

    def without(self, message_ids: Collection[str]) -> DlqSnapshot:
        gone = frozenset(message_ids)
        left = [order for order in self.failed_orders if order.message_id not in gone]
        return DlqSnapshot(self.at_ms, left, self.receives, self.rest)


def group_key(order: FailedOrder) -> str:
    """The key of the group that a failed order belongs to."""
    parts = (order.exception, order.field, order.kind, order.reason_from)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _searched(order: FailedOrder) -> str:
    return f"{order.message_id}\n{order.order_id or ''}\n{order.full_reason}".casefold()
