"""Physical resources that cleanup will delete, or forget if they are retained."""

from __future__ import annotations

from typing import Any

from onebox.services.cloudformation.model import CleanupItem
from onebox.services.cloudformation.store.json_columns import body_from, to_json
from onebox.storage.database import Storage


class CleanupStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def of_stack(self, stack_id: str) -> list[CleanupItem]:
        rows = self._storage.all(
            "SELECT id, stack_id, logical_id, type, physical_id, body, retain FROM cloudformation_cleanup_items "
            "WHERE stack_id = ? ORDER BY id",
            (stack_id,),
        )
        return [_to_item(row) for row in rows]

    def add(self, item: CleanupItem) -> None:
        self._storage.execute(
            "INSERT INTO cloudformation_cleanup_items (stack_id, logical_id, type, physical_id, body, retain) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                item.stack_id,
                item.logical_id,
                item.type,
                item.physical_id,
                to_json(item.body),
                int(item.retain),
            ),
        )

    def delete(self, item_id: int) -> None:
        self._storage.execute("DELETE FROM cloudformation_cleanup_items WHERE id = ?", (item_id,))


def _to_item(row: tuple[Any, ...]) -> CleanupItem:
    return CleanupItem(
        id=row[0],
        stack_id=row[1],
        logical_id=row[2],
        type=row[3],
        physical_id=row[4],
        body=body_from(row[5]),
        retain=bool(row[6]),
    )
