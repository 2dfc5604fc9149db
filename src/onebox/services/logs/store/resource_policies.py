"""SQL of resource policies, and nothing else."""

from __future__ import annotations

from onebox.services.logs.model import ResourcePolicy
from onebox.storage.database import Storage

_COLUMNS = "name, document, updated_at_ms"


class ResourcePolicyStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, account: str, region: str, name: str) -> ResourcePolicy | None:
        """The policy of that name."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM logs_resource_policy WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else ResourcePolicy(*row)

    def page(self, account: str, region: str, after: str, limit: int) -> list[ResourcePolicy]:
        """Policies by name, those after ``after``."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM logs_resource_policy WHERE account = ? AND region = ? AND name > ?"
            " ORDER BY name LIMIT ?",
            (account, region, after, limit),
        )
        return [ResourcePolicy(*row) for row in rows]

    def count(self, account: str, region: str) -> int:
        """How many policies a region has."""
        row = self._storage.first(
            "SELECT count(*) FROM logs_resource_policy WHERE account = ? AND region = ?", (account, region)
        )
        return 0 if row is None else int(row[0])

    def put(self, account: str, region: str, policy: ResourcePolicy) -> None:
        """Add or replace a policy."""
        self._storage.execute(
            "INSERT INTO logs_resource_policy (account, region, name, document, updated_at_ms) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET document = excluded.document, updated_at_ms = excluded.updated_at_ms",
            (account, region, policy.name, policy.document, policy.updated_at_ms),
        )

    def delete(self, account: str, region: str, name: str) -> bool:
        """Remove a policy; whether there was one."""
        self._storage.execute(
            "DELETE FROM logs_resource_policy WHERE account = ? AND region = ? AND name = ?", (account, region, name)
        )
        return self._storage.changes() == 1
