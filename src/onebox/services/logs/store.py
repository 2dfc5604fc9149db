"""SQL of groups, streams, tags and metric filters of CloudWatch Logs, and nothing else. Events: events_store.py."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.logs.model import LogGroup, LogStream
from onebox.storage.database import Row, Storage

_GROUP = "id, name, created_at_ms, class, kms_key_id, deletion_protected, retention_days, stored_bytes, metric_filters"
_STREAM = "id, name, created_at_ms, first_event_at_ms, last_event_at_ms, last_ingested_at_ms"
NAME_MAX = "\U0010ffff"
"""Sorts after every name; ends the range of a prefix."""


class LogsStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    # -- groups

    def find_group(self, account: str, region: str, name: str) -> LogGroup | None:
        row = self._storage.first(
            f"SELECT {_GROUP} FROM logs_group WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else _group(row)

    def groups(
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

    def insert_group(
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

    def delete_group(self, group_id: int) -> None:
        """Remove the group and its streams at once; its events are left to the sweeper."""
        self._storage.execute("INSERT INTO logs_trash (group_id) VALUES (?)", (group_id,))
        self._storage.execute("DELETE FROM logs_group WHERE id = ?", (group_id,))

    def set_retention(self, group_id: int, days: int | None) -> None:
        self._storage.execute("UPDATE logs_group SET retention_days = ? WHERE id = ?", (days, group_id))

    def set_deletion_protection(self, group_id: int, protected: bool) -> None:
        self._storage.execute("UPDATE logs_group SET deletion_protected = ? WHERE id = ?", (int(protected), group_id))

    # -- streams

    def find_stream(self, group_id: int, name: str) -> LogStream | None:
        row = self._storage.first(
            f"SELECT {_STREAM} FROM logs_stream WHERE group_id = ? AND name = ?", (group_id, name)
        )
        return None if row is None else LogStream(*row)

    def insert_stream(self, group_id: int, name: str, now_ms: int) -> int:
        self._storage.execute(
            "INSERT INTO logs_stream (group_id, name, created_at_ms) VALUES (?, ?, ?)",
            (group_id, name, now_ms),
        )
        return self._storage.last_insert_id()

    def delete_stream(self, group_id: int, stream_id: int) -> None:
        """Remove the stream at once; its events are left to the sweeper."""
        self._storage.execute("INSERT INTO logs_trash (group_id, stream_id) VALUES (?, ?)", (group_id, stream_id))
        self._storage.execute("DELETE FROM logs_stream WHERE id = ?", (stream_id,))

    def streams_by_name(
        self, group_id: int, prefix: str, after: str | None, descending: bool, limit: int
    ) -> list[LogStream]:
        comparison, order = ("<", "DESC") if descending else (">", "ASC")
        rows = self._storage.all(
            f"SELECT {_STREAM} FROM logs_stream WHERE group_id = ? AND name >= ? AND name < ?"
            f" AND name {comparison} ? ORDER BY name {order} LIMIT ?",
            (
                group_id,
                prefix,
                prefix + NAME_MAX,
                (NAME_MAX if descending else "") if after is None else after,
                limit,
            ),
        )
        return [LogStream(*row) for row in rows]

    def streams_by_last_event(
        self, group_id: int, after: tuple[int, str] | None, descending: bool, limit: int
    ) -> list[LogStream]:
        comparison, order = ("<", "DESC") if descending else (">", "ASC")
        start = after or ((1 << 62, NAME_MAX) if descending else (-1, ""))
        rows = self._storage.all(
            f"SELECT {_STREAM} FROM logs_stream WHERE group_id = ? AND (last_event_at_ms, name) {comparison} (?, ?)"
            f" ORDER BY last_event_at_ms {order}, name {order} LIMIT ?",
            (group_id, *start, limit),
        )
        return [LogStream(*row) for row in rows]

    def stream_name(self, stream_id: int) -> str | None:
        row = self._storage.first("SELECT name FROM logs_stream WHERE id = ?", (stream_id,))
        return None if row is None else row[0]

    # -- tags

    def tags(self, group_id: int) -> dict[str, str]:
        return dict(self._storage.all("SELECT key, value FROM logs_tag WHERE group_id = ? ORDER BY key", (group_id,)))

    def put_tags(self, group_id: int, tags: dict[str, str]) -> None:
        self._storage.executemany(
            "INSERT INTO logs_tag (group_id, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            [(group_id, key, value) for key, value in tags.items()],
        )

    def delete_tags(self, group_id: int, keys: list[str]) -> None:
        self._storage.executemany(
            "DELETE FROM logs_tag WHERE group_id = ? AND key = ?", [(group_id, key) for key in keys]
        )

    # -- metric filters

    def put_metric_filter(
        self, group_id: int, name: str, pattern: str, transformations: list[dict[str, Any]], now_ms: int
    ) -> None:
        self._storage.execute(
            "INSERT INTO logs_metric_filter (group_id, name, created_at_ms, pattern, transformations)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " pattern = excluded.pattern, transformations = excluded.transformations",
            (group_id, name, now_ms, pattern, json.dumps(transformations)),
        )
        self._count_metric_filters(group_id)

    def delete_metric_filter(self, group_id: int, name: str) -> bool:
        self._storage.execute("DELETE FROM logs_metric_filter WHERE group_id = ? AND name = ?", (group_id, name))
        deleted = self._storage.changes() == 1
        self._count_metric_filters(group_id)
        return deleted

    def metric_filters(self, group_id: int) -> list[Row]:
        """(name, created_at_ms, pattern, transformations as JSON text), by name."""
        return self._storage.all(
            "SELECT name, created_at_ms, pattern, transformations FROM logs_metric_filter WHERE group_id = ?"
            " ORDER BY name",
            (group_id,),
        )

    def metric_filters_page(
        self, account: str, region: str, group: str | None, prefix: str, after: tuple[str, str], limit: int
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


def _group(row: Row) -> LogGroup:
    id_, name, created_at_ms, log_class, kms_key_id, deletion_protected, *rest = row
    return LogGroup(id_, name, created_at_ms, log_class, kms_key_id, bool(deletion_protected), *rest)
