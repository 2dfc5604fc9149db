"""SQL of dashboards, and nothing else."""

from __future__ import annotations

from onebox.services.cloudwatch.store.ranges import NAME_MAX
from onebox.storage.database import Row, Storage


class DashboardStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, account: str, name: str, body: str, now_ms: int) -> None:
        self._storage.execute(
            "INSERT INTO cloudwatch_dashboard (account, name, body, modified_at_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET body = excluded.body, modified_at_ms = excluded.modified_at_ms",
            (account, name, body, now_ms),
        )

    def find_body(self, account: str, name: str) -> str | None:
        row = self._storage.first(
            "SELECT body FROM cloudwatch_dashboard WHERE account = ? AND name = ?", (account, name)
        )
        return None if row is None else row[0]

    def page(self, account: str, prefix: str, after: str, limit: int) -> list[Row]:
        """(name, modified_at_ms, size in bytes), by name."""
        return self._storage.all(
            "SELECT name, modified_at_ms, octet_length(body) FROM cloudwatch_dashboard"
            " WHERE account = ? AND name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?",
            (account, after, prefix, prefix + NAME_MAX, limit),
        )

    def delete(self, account: str, name: str) -> None:
        self._storage.execute("DELETE FROM cloudwatch_dashboard WHERE account = ? AND name = ?", (account, name))
