"""Change sets."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudformation.model import ChangeSet
from onebox.services.cloudformation.store.json_columns import settings_from, source_from, to_json
from onebox.services.cloudformation.store.rows import save_row
from onebox.storage.database import Storage

_CHANGE_SET = (
    "change_set_id, stack_id, name, kind, status, status_reason, execution_status, created_at_ms, description, source, "
    "settings, changes"
)


class ChangeSetStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, change_set_id: str) -> ChangeSet | None:
        row = self._storage.first(
            f"SELECT {_CHANGE_SET} FROM cloudformation_change_sets WHERE change_set_id = ?", (change_set_id,)
        )
        return None if row is None else _to_change_set(row)

    def find_by_name(self, stack_id: str, name: str) -> ChangeSet | None:
        row = self._storage.first(
            f"SELECT {_CHANGE_SET} FROM cloudformation_change_sets WHERE stack_id = ? AND name = ?", (stack_id, name)
        )
        return None if row is None else _to_change_set(row)

    def page(self, stack_id: str, skip: int, limit: int) -> list[ChangeSet]:
        rows = self._storage.all(
            f"SELECT {_CHANGE_SET} FROM cloudformation_change_sets WHERE stack_id = ? ORDER BY name LIMIT ? OFFSET ?",
            (stack_id, limit, skip),
        )
        return [_to_change_set(row) for row in rows]

    def save(self, change_set: ChangeSet) -> None:
        save_row(
            self._storage, "cloudformation_change_sets", _CHANGE_SET, "change_set_id", _from_change_set(change_set)
        )

    def delete_of_stack(self, stack_id: str, but: str | None = None) -> None:
        self._storage.execute(
            "DELETE FROM cloudformation_change_sets WHERE stack_id = ? AND change_set_id IS NOT ?", (stack_id, but)
        )

    def delete(self, change_set_id: str) -> None:
        self._storage.execute("DELETE FROM cloudformation_change_sets WHERE change_set_id = ?", (change_set_id,))


def _to_change_set(row: tuple[Any, ...]) -> ChangeSet:
    return ChangeSet(
        change_set_id=row[0],
        stack_id=row[1],
        name=row[2],
        kind=row[3],
        status=row[4],
        status_reason=row[5],
        execution_status=row[6],
        created_at_ms=row[7],
        description=row[8],
        source=source_from(row[9]),
        settings=settings_from(row[10]),
        changes=tuple(json.loads(row[11])),
    )


def _from_change_set(change_set: ChangeSet) -> tuple[Any, ...]:
    return (
        change_set.change_set_id,
        change_set.stack_id,
        change_set.name,
        change_set.kind,
        change_set.status,
        change_set.status_reason,
        change_set.execution_status,
        change_set.created_at_ms,
        change_set.description,
        to_json(change_set.source),
        to_json(change_set.settings),
        to_json(list(change_set.changes)),
    )
