"""SQL of log events: appending, reading in order, sweeping. Knows nothing of patterns, pages or limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onebox.services.logs.limits import EVENT_OVERHEAD_BYTES
from onebox.services.logs.model import EventRange, LogEvent, Position
from onebox.storage.database import Storage

_EVENT = "id, stream_id, at_ms, ingested_at_ms, message"


class EventStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def append(
        self, group_id: int, stream_id: int, events: Sequence[tuple[int, str]], stored_bytes: int, now_ms: int
    ) -> int:
        """Add events (at least one; time and message, in order of time) to a stream, under ids that follow each other.
        The id of the last one."""
        self._storage.executemany(
            "INSERT INTO logs_event (group_id, stream_id, at_ms, ingested_at_ms, message) VALUES (?, ?, ?, ?, ?)",
            [(group_id, stream_id, at_ms, now_ms, message) for at_ms, message in events],
        )
        last_id = self._storage.last_insert_id()
        self._storage.execute(
            "UPDATE logs_stream SET first_event_at_ms = min(coalesce(first_event_at_ms, ?1), ?1),"
            " last_event_at_ms = max(last_event_at_ms, ?2), last_ingested_at_ms = ?3 WHERE id = ?4",
            (events[0][0], events[-1][0], now_ms, stream_id),
        )
        self._storage.execute(
            "UPDATE logs_group SET stored_bytes = stored_bytes + ? WHERE id = ?", (stored_bytes, group_id)
        )
        return last_id

    def read_stream(self, stream_id: int, wanted: EventRange) -> Iterator[LogEvent]:
        """Events of a stream."""
        return self._read("stream_id", stream_id, wanted)

    def read_group(self, group_id: int, wanted: EventRange) -> Iterator[LogEvent]:
        """Events of all streams of a group, interleaved; those of deleted streams included."""
        return self._read("group_id", group_id, wanted)

    def read_ids(self, stream_id: int, first_id: int, last_id: int) -> list[LogEvent]:
        """Events of a stream that were put together, in their order."""
        rows = self._storage.all(
            f"SELECT {_EVENT} FROM logs_event WHERE id BETWEEN ? AND ? AND stream_id = ? ORDER BY id",
            (first_id, last_id, stream_id),
        )
        return [LogEvent._make(row) for row in rows]

    def find(self, position: Position) -> tuple[LogEvent, int] | None:
        """The event at a place, and its group's id."""
        row = self._storage.first(
            f"SELECT {_EVENT}, group_id FROM logs_event WHERE id = ? AND at_ms = ?", (position.id, position.at_ms)
        )
        return None if row is None else (LogEvent._make(row[:-1]), row[-1])

    def _read(self, column: str, owner_id: int, wanted: EventRange) -> Iterator[LogEvent]:
        comparison, order = (">", "ASC") if wanted.forward else ("<", "DESC")
        place = _first_place(wanted)
        rest = "at_ms > ?4 AND at_ms < ?3" if wanted.forward else "at_ms < ?4 AND at_ms >= ?2"
        # In two parts, each a stretch of the index: for (at_ms, id) > (?, ?) SQLite walks all events of the place's
        # millisecond, and for two bounds on one side all from the wider one, at every slice again.
        part = f"SELECT {_EVENT} FROM logs_event WHERE {column} = ?1"
        cursor = self._storage.execute(
            f"{part} AND at_ms = ?4 AND id {comparison} ?5 AND ?4 >= ?2 AND ?4 < ?3 UNION ALL {part} AND {rest}"
            f" ORDER BY at_ms {order}, id {order} LIMIT ?6",
            (owner_id, wanted.start_ms, wanted.end_ms, place.at_ms, place.id, wanted.limit),
        )
        try:
            for row in cursor:
                yield LogEvent._make(row)
        finally:
            cursor.close()

    # -- sweeping

    def sweep_trash(self, limit: int) -> int:
        """Remove up to ``limit`` events of deleted groups and streams; how many were removed."""
        trash = self._storage.first("SELECT id, group_id, stream_id FROM logs_trash LIMIT 1")
        if trash is None:
            return 0
        trash_id, group_id, stream_id = trash
        if stream_id is None:
            removed = self._remove("group_id = ?", (group_id,), group_id, limit)
        else:
            removed = self._remove("stream_id = ?", (stream_id,), group_id, limit)
        if removed < limit:
            self._storage.execute("DELETE FROM logs_trash WHERE id = ?", (trash_id,))
        return removed

    def has_trash(self) -> bool:
        return self._storage.first("SELECT 1 FROM logs_trash LIMIT 1") is not None

    def expiring_groups(self) -> list[tuple[int, int]]:
        """Ids and retention in days of the groups that have one."""
        rows = self._storage.all("SELECT id, retention_days FROM logs_group WHERE retention_days IS NOT NULL")
        return [(id_, days) for id_, days in rows]

    def sweep_expired(self, group_id: int, before_ms: int, limit: int) -> int:
        """Remove up to ``limit`` events older than ``before_ms``; how many were removed."""
        return self._remove("group_id = ? AND at_ms < ?", (group_id, before_ms), group_id, limit)

    def _remove(self, condition: str, parameters: tuple[int, ...], group_id: int, limit: int) -> int:
        rows = self._storage.all(
            f"SELECT id, octet_length(message) FROM logs_event WHERE {condition} LIMIT ?",
            (*parameters, limit),
        )
        self._storage.executemany("DELETE FROM logs_event WHERE id = ?", [(id_,) for id_, _ in rows])
        freed_bytes = sum(message_bytes + EVENT_OVERHEAD_BYTES for _, message_bytes in rows)
        self._storage.execute(
            "UPDATE logs_group SET stored_bytes = max(0, stored_bytes - ?) WHERE id = ?",
            (freed_bytes, group_id),
        )
        return len(rows)


def _first_place(wanted: EventRange) -> Position:
    """The place from which to read: the edge of the span, or the given place if it lies further on."""
    edge = Position(wanted.start_ms, 0) if wanted.forward else Position(wanted.end_ms, 0)
    if wanted.place is None:
        return edge
    is_further = (wanted.place.at_ms, wanted.place.id) > (edge.at_ms, edge.id)
    return wanted.place if is_further == wanted.forward else edge
