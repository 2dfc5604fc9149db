"""SQL of metric filters, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.logs.store.ranges import NAME_MAX
from onebox.storage.database import Row, Storage


class MetricFilterStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, group_id: int, name: str, pattern: str, transformations: list[dict[str, Any]], now_ms: int) -> None:
        self._storage.execute(
            "INSERT INTO logs_metric_filter (group_id, name, created_at_ms, pattern, transformations)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " pattern = excluded.pattern, transformations = excluded.transformations",
            (group_id, name, now_ms, pattern, json.dumps(transformations)),
        )
        self._count_metric_filters(group_id)

    def delete(self, group_id: int, name: str) -> bool:
        self._storage.execute("DELETE FROM logs_metric_filter WHERE group_id = ? AND name = ?", (group_id, name))
        deleted = self._storage.changes() == 1
        self._count_metric_filters(group_id)
        return deleted

    def of(self, group_id: int) -> list[Row]:
        """(name, created_at_ms, pattern, transformations as JSON text), by name."""
        return self._storage.all(
            "SELECT name, created_at_ms, pattern, transformations FROM logs_metric_filter WHERE group_id = ?"
            " ORDER BY name",
            (group_id,),
        )

    def page(
        self, account: str, region: str, *, group: str | None, prefix: str, after: tuple[str, str], limit: int
    ) -> list[Row]:
        """(group name, name, created_at_ms, pattern, transformations) by group and name."""
        return self._storage.all(
            "SELECT g.name, f.name, f.created_at_ms, f.pattern, f.transformations"
            " FROM logs_group AS g JOIN logs_metric_filter AS f ON f.group_id = g.id"
            " WHERE g.account = ? AND g.region = ? AND (? IS NULL OR g.name = ?) AND (g.name, f.name) > (?, ?)"
            " AND f.name >= ? AND f.name < ? ORDER BY g.name, f.name LIMIT ?",
            (account, region, group, group, *after, prefix, prefix + NAME_MAX, limit),
        )

    def _count_metric_filters(self, group_id: int) -> None:
        self._storage.execute(
            "UPDATE logs_group SET metric_filters ="
            " (SELECT count(*) FROM logs_metric_filter WHERE group_id = logs_group.id) WHERE id = ?",
            (group_id,),
        )
