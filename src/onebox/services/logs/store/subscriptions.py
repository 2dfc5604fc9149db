"""SQL of subscription filters and of the batches they have to deliver, and nothing else."""

from __future__ import annotations

from onebox.services.logs.model import SubscriptionBatch, SubscriptionFilter
from onebox.services.logs.store.ranges import NAME_MAX
from onebox.storage.database import Storage

_FILTER = "name, created_at_ms, pattern, destination_arn, role_arn, distribution"
_BATCH = "b.id, b.group_id, b.stream_id, b.first_id, b.last_id, b.endpoint_url, g.account, g.region, g.name"


class SubscriptionStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def of(self, group_id: int) -> list[SubscriptionFilter]:
        """The filters of a group, by name."""
        rows = self._storage.all(
            f"SELECT {_FILTER} FROM logs_subscription_filter WHERE group_id = ? ORDER BY name", (group_id,)
        )
        return [SubscriptionFilter(*row) for row in rows]

    def page(self, group_id: int, prefix: str, after: str, limit: int) -> list[SubscriptionFilter]:
        """Filters of a group whose name begins with ``prefix``, those after ``after``."""
        rows = self._storage.all(
            f"SELECT {_FILTER} FROM logs_subscription_filter WHERE group_id = ? AND name > ? AND name >= ?"
            " AND name < ? ORDER BY name LIMIT ?",
            (group_id, after, prefix, prefix + NAME_MAX, limit),
        )
        return [SubscriptionFilter(*row) for row in rows]

    def put(self, group_id: int, subscription: SubscriptionFilter) -> None:
        """Add a filter, or replace the one of its name and keep its creation time."""
        self._storage.execute(
            "INSERT INTO logs_subscription_filter (group_id, name, created_at_ms, pattern, destination_arn, role_arn,"
            " distribution) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET pattern = excluded.pattern,"
            " destination_arn = excluded.destination_arn, role_arn = excluded.role_arn,"
            " distribution = excluded.distribution",
            (group_id, *subscription),
        )
        self._count(group_id)

    def delete(self, group_id: int, name: str) -> bool:
        """Remove a filter; whether there was one."""
        self._storage.execute("DELETE FROM logs_subscription_filter WHERE group_id = ? AND name = ?", (group_id, name))
        deleted = self._storage.changes() == 1
        self._count(group_id)
        return deleted

    def _count(self, group_id: int) -> None:
        self._storage.execute(
            "UPDATE logs_group SET subscription_filters ="
            " (SELECT count(*) FROM logs_subscription_filter WHERE group_id = logs_group.id) WHERE id = ?",
            (group_id,),
        )

    # -- batches

    def add_batch(self, group_id: int, stream_id: int, last_id: int, events: int, endpoint_url: str) -> None:
        """Remember the last ``events`` rows up to ``last_id`` for delivery."""
        self._storage.execute(
            "INSERT INTO logs_subscription_batch (group_id, stream_id, first_id, last_id, endpoint_url)"
            " VALUES (?, ?, ?, ?, ?)",
            (group_id, stream_id, last_id - events + 1, last_id, endpoint_url),
        )

    def find_oldest_batch(self) -> SubscriptionBatch | None:
        """The batch to be delivered next."""
        row = self._storage.first(
            f"SELECT {_BATCH} FROM logs_subscription_batch AS b JOIN logs_group AS g ON g.id = b.group_id"
            " ORDER BY b.id LIMIT 1"
        )
        return None if row is None else SubscriptionBatch(*row)

    def delete_batch(self, batch_id: int) -> None:
        """Forget a batch."""
        self._storage.execute("DELETE FROM logs_subscription_batch WHERE id = ?", (batch_id,))
