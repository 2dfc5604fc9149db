"""Stacks."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.model import Operation, Stack
from onebox.services.cloudformation.store.json_columns import (
    operation_from,
    optional_json,
    settings_from,
    source_from,
    to_json,
)
from onebox.services.cloudformation.store.rows import save_row
from onebox.services.context import Wire
from onebox.storage.database import Storage

_STACK = (
    "stack_id, account, region, name, status, status_reason, created_at_ms, updated_at_ms, deleted_at_ms, "
    "change_set_id, source, previous, outputs, settings, operation, last_operation, drift_status, "
    "drift_checked_at_ms"
)


class StackStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, stack_id: str) -> Stack | None:
        row = self._storage.first(f"SELECT {_STACK} FROM cloudformation_stacks WHERE stack_id = ?", (stack_id,))
        return None if row is None else _to_stack(row)

    def find_operation(self, stack_id: str) -> Operation | None:
        """What is being done to the stack, without reading the rest of it."""
        row = self._storage.first("SELECT operation FROM cloudformation_stacks WHERE stack_id = ?", (stack_id,))
        return None if row is None else operation_from(row[0])

    def find_by_name(self, account: str, region: str, name: str) -> Stack | None:
        """The stack of this name that is not deleted."""
        row = self._storage.first(
            f"SELECT {_STACK} FROM cloudformation_stacks "
            "WHERE account = ? AND region = ? AND name = ? AND deleted_at_ms IS NULL",
            (account, region, name),
        )
        return None if row is None else _to_stack(row)

    def page(self, account: str, region: str, skip: int, *, deleted: bool) -> tuple[list[Stack], bool]:
        """Stacks, the newest first, and whether there are more.

        A page has at most PAGE_ITEMS stacks, and ends where their sources would be larger than PAGE_SOURCE_BYTES."""
        alive = "" if deleted else "AND deleted_at_ms IS NULL "
        sizes = self._storage.all(
            "SELECT stack_id, octet_length(source) FROM cloudformation_stacks "
            f"WHERE account = ? AND region = ? {alive}ORDER BY created_at_ms DESC, stack_id LIMIT ? OFFSET ?",
            (account, region, limits.PAGE_ITEMS + 1, skip),
        )
        taken = _fitting([size for _, size in sizes])
        return [stack for stack_id, _ in sizes[:taken] if (stack := self.find(stack_id))], taken < len(sizes)

    def count_nested(self, account: str, region: str, root_id: str) -> int:
        """How many stacks are nested within an outermost one."""
        row = self._storage.first(
            "SELECT count(*) FROM cloudformation_stacks WHERE account = ? AND region = ? AND deleted_at_ms IS NULL "
            "AND settings ->> 'root_id' = ?",
            (account, region, root_id),
        )
        return 0 if row is None else int(row[0])

    def list_working(self) -> list[str]:
        rows = self._storage.all("SELECT stack_id FROM cloudformation_stacks WHERE operation IS NOT NULL")
        return [row[0] for row in rows]

    def save(self, stack: Stack) -> None:
        save_row(self._storage, "cloudformation_stacks", _STACK, "stack_id", _from_stack(stack))

    def list_deleted(self, deleted_before_ms: int, limit: int) -> list[str]:
        """The ids of stacks deleted before a time, the oldest first."""
        rows = self._storage.all(
            "SELECT stack_id FROM cloudformation_stacks WHERE deleted_at_ms < ? ORDER BY deleted_at_ms LIMIT ?",
            (deleted_before_ms, limit),
        )
        return [str(row[0]) for row in rows]


def _fitting(sizes: list[int]) -> int:
    """How many stacks of these sizes go on one page; at least one."""
    total = 0
    for index, size in enumerate(sizes[: limits.PAGE_ITEMS]):
        total += size
        if index and total > limits.PAGE_SOURCE_BYTES:
            return index
    return min(len(sizes), limits.PAGE_ITEMS)


def _to_stack(row: tuple[Any, ...]) -> Stack:
    outputs: list[Wire] = json.loads(row[12])
    return Stack(
        stack_id=row[0],
        account=row[1],
        region=row[2],
        name=row[3],
        status=row[4],
        status_reason=row[5],
        created_at_ms=row[6],
        updated_at_ms=row[7],
        deleted_at_ms=row[8],
        change_set_id=row[9],
        source=source_from(row[10]),
        previous=None if row[11] is None else source_from(row[11]),
        outputs=tuple(outputs),
        settings=settings_from(row[13]),
        operation=operation_from(row[14]),
        last_operation=operation_from(row[15]),
        drift_status=row[16],
        drift_checked_at_ms=row[17],
    )


def _from_stack(stack: Stack) -> tuple[Any, ...]:
    return (
        stack.stack_id,
        stack.account,
        stack.region,
        stack.name,
        stack.status,
        stack.status_reason,
        stack.created_at_ms,
        stack.updated_at_ms,
        stack.deleted_at_ms,
        stack.change_set_id,
        to_json(stack.source),
        optional_json(stack.previous),
        to_json(list(stack.outputs)),
        to_json(stack.settings),
        optional_json(stack.operation),
        optional_json(stack.last_operation),
        stack.drift_status,
        stack.drift_checked_at_ms,
    )
