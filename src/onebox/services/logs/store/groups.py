"""SQL of log groups, and nothing else."""

from __future__ import annotations

from onebox.services.logs.model import LogGroup
from onebox.services.logs.store.ranges import NAME_MAX
from onebox.storage.database import Row, Storage

_GROUP = (
    "id, name, created_at_ms, class, kms_key_id, deletion_protected, retention_days, stored_bytes, metric_filters,"
    " subscription_filters"
)


class GroupStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, account: str, region: str, name: str) -> LogGroup | None:
        row = self._storage.first(
            f"SELECT {_GROUP} FROM logs_group WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else _group(row)

    def find_by_id(self, account: str, region: str, group_id: int) -> LogGroup | None:
        row = self._storage.first(
            f"SELECT {_GROUP} FROM logs_group WHERE id = ? AND account = ? AND region = ?", (group_id, account, region)
        )
        return None if row is None else _group(row)

    def page(
        self,
        account: str,
        region: str,
        *,
        prefix: str,
        pattern: str,
        after: str,
        log_class: str | None,
        limit: int,
    ) -> list[LogGroup]:
        """Groups by name, from after ``after``, that start with ``prefix`` and hold ``pattern``."""
        rows = self._storage.all(
            f"SELECT {_GROUP} FROM logs_group WHERE account = ? AND region = ? AND name > ? AND name >= ?"
            " AND name < ? AND instr(name, ?) AND (? IS NULL OR class = ?) ORDER BY name LIMIT ?",
            (account, region, after, prefix, prefix + NAME_MAX, pattern, log_class, log_class, limit),
        )
        return [_group(row) for row in rows]

    def insert(
        self,
        account: str,
        region: str,
        name: str,
        now_ms: int,
        *,
        log_class: str = "STANDARD",
        kms_key_id: str | None = None,
        deletion_protected: bool = False,
    ) -> int:
        self._storage.execute(
            "INSERT INTO logs_group (account, region, name, created_at_ms, class, kms_key_id, deletion_protected)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (account, region, name, now_ms, log_class, kms_key_id, int(deletion_protected)),
        )
        return self._storage.last_insert_id()

    def delete(self, group_id: int) -> None:
        """Remove the group and its streams at once; its events are left to the sweeper."""
        self._storage.execute("INSERT INTO logs_trash (group_id) VALUES (?)", (group_id,))
        self._storage.execute("DELETE FROM logs_group WHERE id = ?", (group_id,))

    def set_retention(self, group_id: int, days: int | None) -> None:
        self._storage.execute("UPDATE logs_group SET retention_days = ? WHERE id = ?", (days, group_id))

    def set_deletion_protection(self, group_id: int, protected: bool) -> None:
        self._storage.execute("UPDATE logs_group SET deletion_protected = ? WHERE id = ?", (int(protected), group_id))


def _group(row: Row) -> LogGroup:
    id_, name, created_at_ms, log_class, kms_key_id, deletion_protected, retention_days, stored_bytes, *counts = row
    return LogGroup(
        id=id_,
        name=name,
        created_at_ms=created_at_ms,
        log_class=log_class,
        kms_key_id=kms_key_id,
        deletion_protected=bool(deletion_protected),
        retention_days=retention_days,
        stored_bytes=stored_bytes,
        metric_filters=counts[0],
        subscription_filters=counts[1],
    )
