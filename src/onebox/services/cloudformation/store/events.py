"""The events of stacks, in order of their row ids."""

from __future__ import annotations

from typing import Any

from onebox.services.cloudformation.model import Event
from onebox.storage.database import Storage

_EVENT = "stack_id, event_id, logical_id, physical_id, type, status, status_reason, properties, client_token, at_ms"


class EventStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, event: Event) -> None:
        self._storage.execute(
            f"INSERT INTO cloudformation_events ({_EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                event.stack_id,
                event.event_id,
                event.logical_id,
                event.physical_id,
                event.type,
                event.status,
                event.status_reason,
                event.properties,
                event.client_token,
                event.at_ms,
            ),
        )

    def find_last_time(self, stack_id: str) -> int:
        """The time of the newest event; 0 if there is none."""
        row = self._storage.first(
            "SELECT at_ms FROM cloudformation_events WHERE stack_id = ? ORDER BY id DESC LIMIT 1", (stack_id,)
        )
        return 0 if row is None else int(row[0])

    def page(self, stack_id: str, before_id: int | None, limit: int) -> list[tuple[int, Event]]:
        """The newest first, with their row ids."""
        rows = self._storage.all(
            f"SELECT id, {_EVENT} FROM cloudformation_events WHERE stack_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (stack_id, 2**62 if before_id is None else before_id, limit),
        )
        return [(row[0], _to_event(row[1:])) for row in rows]


def _to_event(row: tuple[Any, ...]) -> Event:
    return Event(
        stack_id=row[0],
        event_id=row[1],
        logical_id=row[2],
        physical_id=row[3],
        type=row[4],
        status=row[5],
        status_reason=row[6],
        properties=row[7],
        client_token=row[8],
        at_ms=row[9],
    )
