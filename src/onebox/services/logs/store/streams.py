"""SQL of log streams, and nothing else."""

from __future__ import annotations

from onebox.services.logs.model import LogStream
from onebox.services.logs.store.ranges import NAME_MAX
from onebox.storage.database import Storage

_STREAM = "id, name, created_at_ms, first_event_at_ms, last_event_at_ms, last_ingested_at_ms"


class StreamStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, group_id: int, name: str) -> LogStream | None:
        row = self._storage.first(
            f"SELECT {_STREAM} FROM logs_stream WHERE group_id = ? AND name = ?", (group_id, name)
        )
        return None if row is None else LogStream(*row)

    def insert(self, group_id: int, name: str, now_ms: int) -> int:
        self._storage.execute(
            "INSERT INTO logs_stream (group_id, name, created_at_ms) VALUES (?, ?, ?)",
            (group_id, name, now_ms),
        )
        return self._storage.last_insert_id()

    def delete(self, group_id: int, stream_id: int) -> None:
        """Remove the stream at once; its events are left to the sweeper."""
        self._storage.execute("INSERT INTO logs_trash (group_id, stream_id) VALUES (?, ?)", (group_id, stream_id))
        self._storage.execute("DELETE FROM logs_stream WHERE id = ?", (stream_id,))

    def by_name(self, group_id: int, prefix: str, after: str | None, descending: bool, limit: int) -> list[LogStream]:
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

    def by_last_event(
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

    def name_of(self, stream_id: int) -> str | None:
        row = self._storage.first("SELECT name FROM logs_stream WHERE id = ?", (stream_id,))
        return None if row is None else row[0]
