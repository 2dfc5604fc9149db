"""SQL of subscription filters and of the batches they have to deliver, and nothing else."""

from __future__ import annotations

from onebox.services.logs.model import SubscriptionBatch, SubscriptionFilter
from onebox.services.logs.store.ranges import NAME_MAX
from onebox.storage.database import Storage

_FILTER = "name, created_at_ms, pattern, destination_arn, role_arn, distribution"
_BATCH_COLUMNS = "group_id, stream_id, first_id, last_id, endpoint_url"
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
        self._storage.execute(
            "DELETE FROM logs_subscription_retry WHERE group_id = ? AND filter_name = ?", (group_id, name)
        )
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

    # -- batches that a filter's destination refused

    def add_retry(self, batch: SubscriptionBatch, filter_name: str, now_ms: int) -> None:
        """Remember a batch for one filter."""
        self._storage.execute(
            f"INSERT INTO logs_subscription_retry ({_BATCH_COLUMNS}, filter_name, refused_at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                batch.group_id,
                batch.stream_id,
                batch.first_id,
                batch.last_id,
                batch.endpoint_url,
                filter_name,
                now_ms,
            ),
        )

    def find_next_retried(self, group_id: int, filter_name: str) -> tuple[int, str] | None:
        """The next group and filter that have retries, after the given ones."""
        row = self._storage.first(
            "SELECT group_id, filter_name FROM logs_subscription_retry WHERE (group_id, filter_name) > (?, ?)"
            " ORDER BY group_id, filter_name LIMIT 1",
            (group_id, filter_name),
        )
        return None if row is None else (row[0], row[1])

    def find_oldest_retry(self, group_id: int, filter_name: str) -> SubscriptionBatch | None:
        """The batch of a filter to be tried next."""
        row = self._storage.first(
            f"SELECT {_BATCH} FROM logs_subscription_retry AS b JOIN logs_group AS g ON g.id = b.group_id"
            " WHERE b.group_id = ? AND b.filter_name = ? ORDER BY b.id LIMIT 1",
            (group_id, filter_name),
        )
        return None if row is None else SubscriptionBatch(*row)

    def delete_retry(self, retry_id: int) -> None:
        """Forget a retry."""
        self._storage.execute("DELETE FROM logs_subscription_retry WHERE id = ?", (retry_id,))

    def forget_retries(self, before_ms: int, limit: int) -> int:
        """Forget some of those that were refused before a moment; how many."""
        oldest = self._storage.all(
            "SELECT id, refused_at_ms FROM logs_subscription_retry ORDER BY id LIMIT ?", (limit,)
        )
        forgotten = [(row[0],) for row in oldest if row[1] < before_ms]
        self._storage.executemany("DELETE FROM logs_subscription_retry WHERE id = ?", forgotten)
        return len(forgotten)
