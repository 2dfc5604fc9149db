"""The rows of streams and of their records."""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.dynamodb.model import Stream, StreamRecord, Table
from onebox.storage.database import Storage

_STREAM = (
    "stream_id, account, region, table_name, label, view_type, key_names, shard_id, created_at_ms, first_id, "
    "trimmed_to, disabled_at_ms, last_id"
)
_RECORD = (
    "record_id, created_at_ms, event_id, event_name, by_ttl, size_bytes, keys, new_image, old_image "
    "FROM dynamodb_stream_records"
)


_KEY_NAMES_AT = 6
_BY_TTL_AT = 4
"""Places among the columns above."""


class StreamStore:
    """Streams, enabled and disabled, and their records."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find_latest(self, table_id: int) -> Stream | None:
        """The newest stream of a table, enabled or not; None if it never had one."""
        row = self._storage.first(
            f"SELECT {_STREAM} FROM dynamodb_streams WHERE table_id = ? ORDER BY stream_id DESC LIMIT 1",
            (table_id,),
        )
        return None if row is None else _stream(row)

    def find(self, account: str, region: str, table_name: str, label: str) -> Stream | None:
        """The stream with that label, or None."""
        row = self._storage.first(
            f"SELECT {_STREAM} FROM dynamodb_streams WHERE account = ? AND region = ? AND table_name = ? AND label = ?",
            (account, region, table_name, label),
        )
        return None if row is None else _stream(row)

    def list_streams(
        self, account: str, region: str, table_name: str | None, after: tuple[str, str], limit: int
    ) -> list[Stream]:
        """Streams in the order of table name and label, after such a pair."""
        rows = self._storage.all(
            f"SELECT {_STREAM} FROM dynamodb_streams WHERE account = ?1 AND region = ?2 "
            "AND (?3 IS NULL OR table_name = ?3) AND (table_name, label) > (?4, ?5) "
            "ORDER BY table_name, label LIMIT ?6",
            (account, region, table_name, *after, limit),
        )
        return [_stream(row) for row in rows]

    def insert(self, table: Table, *, label: str, view_type: str, shard_id: str, now_ms: int) -> None:
        """Add an enabled stream of a table; its shard begins after all records there are."""
        last_id = self.last_record_id()
        self._storage.execute(
            "INSERT INTO dynamodb_streams (account, region, table_name, label, table_id, view_type, key_names, "
            "shard_id, created_at_ms, first_id, trimmed_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *table.key_name,
                label,
                table.table_id,
                view_type,
                orjson.dumps(table.key.names).decode(),
                shard_id,
                now_ms,
                last_id + 1,
                last_id,
            ),
        )

    def disable(self, stream: Stream, now_ms: int) -> None:
        """Close the stream's shard at the last record there is."""
        self._storage.execute(
            "UPDATE dynamodb_streams SET disabled_at_ms = ?, last_id = ? WHERE stream_id = ?",
            (now_ms, max(self.last_id(stream), stream.first_id), stream.stream_id),
        )

    def append(self, stream_id: int, record: StreamRecord) -> None:
        """Add a record; its id is given by the database."""
        self._storage.execute(
            "INSERT INTO dynamodb_stream_records (stream_id, created_at_ms, event_id, event_name, by_ttl, size_bytes, "
            "keys, new_image, old_image) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (stream_id, *record[1:]),
        )

    def last_record_id(self) -> int:
        """The id of the newest record of all streams that there ever was; 0 if there was none."""
        row = self._storage.first("SELECT seq FROM sqlite_sequence WHERE name = 'dynamodb_stream_records'")
        return 0 if row is None else int(row[0])

    def last_id(self, stream: Stream) -> int:
        """The id of the newest record that the stream ever had, or the place before its beginning."""
        row = self._storage.first(
            "SELECT max(record_id) FROM dynamodb_stream_records WHERE stream_id = ?", (stream.stream_id,)
        )
        return stream.trimmed_to if row is None or row[0] is None else int(row[0])

    def read(self, stream_id: int, after_id: int, limit: int) -> list[StreamRecord]:
        """Records in order, after an id."""
        rows = self._storage.all(
            f"SELECT {_RECORD} WHERE stream_id = ? AND record_id > ? ORDER BY record_id LIMIT ?",
            (stream_id, after_id, limit),
        )
        return [_record(row) for row in rows]

    def drop_records_before(self, before_ms: int, limit: int) -> bool:
        """Drop some of the records that are older than a moment; True if there may be more."""
        rows = self._storage.all(
            "SELECT record_id, stream_id, created_at_ms FROM dynamodb_stream_records ORDER BY record_id LIMIT ?",
            (limit,),
        )
        old = [row for row in rows if row[2] < before_ms]
        trimmed = {stream_id: record_id for record_id, stream_id, _ in old}
        for stream_id, record_id in trimmed.items():
            self._storage.execute(
                "UPDATE dynamodb_streams SET trimmed_to = ? WHERE stream_id = ?", (record_id, stream_id)
            )
        self._storage.executemany(
            "DELETE FROM dynamodb_stream_records WHERE record_id = ?", [(record_id,) for record_id, _, _ in old]
        )
        return len(old) == limit

    def drop_streams_disabled_before(self, before_ms: int) -> None:
        """Forget streams that were disabled before a moment; their records are older still."""
        self._storage.execute("DELETE FROM dynamodb_streams WHERE disabled_at_ms < ?", (before_ms,))


def _stream(row: tuple[Any, ...]) -> Stream:
    values = list(row)
    values[_KEY_NAMES_AT] = tuple(orjson.loads(values[_KEY_NAMES_AT]))
    return Stream(*values)


def _record(row: tuple[Any, ...]) -> StreamRecord:
    values = list(row)
    values[_BY_TTL_AT] = bool(values[_BY_TTL_AT])
    return StreamRecord(*values)
