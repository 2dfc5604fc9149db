"""Asynchronous invocations under way, in the database."""

from __future__ import annotations

from onebox.services.lambda_.model import FunctionKey, QueuedEvent
from onebox.storage.database import Row, Storage

_COLUMNS = """id, account, region, function_name, qualifier, request_id, payload, attempts, accepted_at_ms,
    due_at_ms"""


class EventStore:
    """Rows in, values out."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def insert_event(
        self, key: FunctionKey, qualifier: str | None, request_id: str, payload: bytes, now_ms: int
    ) -> None:
        """Store an accepted invocation, due at once."""
        self._storage.execute(
            """INSERT INTO lambda_events (account, region, function_name, qualifier, request_id, payload,
            attempts, accepted_at_ms, due_at_ms) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)""",
            (key.account, key.region, key.name, qualifier, request_id, payload, now_ms, now_ms),
        )

    def take_due_events(self, now_ms: int, limit: int) -> list[QueuedEvent]:
        """The oldest due events, marked as running."""
        rows = self._storage.all(
            f"""SELECT {_COLUMNS} FROM lambda_events WHERE running = 0 AND due_at_ms <= ?
            ORDER BY due_at_ms, id LIMIT ?""",
            (now_ms, limit),
        )
        self._storage.executemany("UPDATE lambda_events SET running = 1 WHERE id = ?", [(row[0],) for row in rows])
        return [_event(row) for row in rows]

    def find_next_due_ms(self) -> int | None:
        """When the next waiting event becomes due."""
        row = self._storage.first("SELECT due_at_ms FROM lambda_events WHERE running = 0 ORDER BY due_at_ms LIMIT 1")
        return None if row is None else int(row[0])

    def postpone_event(self, event_id: int, attempts: int, due_at_ms: int) -> None:
        """Have an event wait until ``due_at_ms``."""
        self._storage.execute(
            "UPDATE lambda_events SET running = 0, attempts = ?, due_at_ms = ? WHERE id = ?",
            (attempts, due_at_ms, event_id),
        )

    def release_events(self) -> None:
        """At the start of a process: what the last one had running waits again."""
        self._storage.execute("UPDATE lambda_events SET running = 0 WHERE running = 1")

    def delete_event(self, event_id: int) -> None:
        """The event is finished, one way or another."""
        self._storage.execute("DELETE FROM lambda_events WHERE id = ?", (event_id,))


def _event(row: Row) -> QueuedEvent:
    event_id, account, region, name, qualifier, request_id, payload, attempts, accepted_at_ms, due_at_ms = row
    return QueuedEvent(
        event_id,
        FunctionKey(account, region, name),
        qualifier,
        request_id,
        payload,
        attempts,
        accepted_at_ms,
        due_at_ms,
    )
