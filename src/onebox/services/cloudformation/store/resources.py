"""Resources of stacks."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudformation.model import Resource
from onebox.services.cloudformation.store.json_columns import body_from, optional_json, snapshot_from, to_json
from onebox.services.cloudformation.store.rows import save_row
from onebox.storage.database import Storage

_RESOURCE = (
    "stack_id, logical_id, type, name, physical_id, status, status_reason, changed_at_ms, body, completed_in, "
    "created_in, previous, drift_status, drift_checked_at_ms, drift"
)


class ResourceStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, stack_id: str, logical_id: str) -> Resource | None:
        row = self._storage.first(
            f"SELECT {_RESOURCE} FROM cloudformation_resources WHERE stack_id = ? AND logical_id = ?",
            (stack_id, logical_id),
        )
        return None if row is None else _to_resource(row)

    def of_stack(self, stack_id: str) -> list[Resource]:
        rows = self._storage.all(
            f"SELECT {_RESOURCE} FROM cloudformation_resources WHERE stack_id = ? ORDER BY logical_id", (stack_id,)
        )
        return [_to_resource(row) for row in rows]

    def find_stack_of(self, account: str, region: str, physical_id: str) -> str | None:
        row = self._storage.first(
            "SELECT s.stack_id FROM cloudformation_resources r JOIN cloudformation_stacks s USING (stack_id) "
            "WHERE r.physical_id = ? AND s.account = ? AND s.region = ? AND s.deleted_at_ms IS NULL",
            (physical_id, account, region),
        )
        return None if row is None else str(row[0])

    def find_macro(self, account: str, region: str, name: str) -> str | None:
        """The function of the macro of this name."""
        row = self._storage.first(
            "SELECT r.body FROM cloudformation_resources r JOIN cloudformation_stacks s USING (stack_id) "
            "WHERE r.physical_id = ? AND r.type = 'AWS::CloudFormation::Macro' AND s.account = ? AND s.region = ? "
            "AND s.deleted_at_ms IS NULL",
            (name, account, region),
        )
        return None if row is None else str(body_from(row[0]).properties["FunctionName"])

    def save(self, resource: Resource) -> None:
        save_row(self._storage, "cloudformation_resources", _RESOURCE, "stack_id, logical_id", _from_resource(resource))

    def delete(self, stack_id: str, logical_id: str) -> None:
        self._storage.execute(
            "DELETE FROM cloudformation_resources WHERE stack_id = ? AND logical_id = ?", (stack_id, logical_id)
        )

    def forget_snapshots(self, stack_id: str) -> None:
        """Forget what the resources were before an update that is over."""
        self._storage.execute(
            "UPDATE cloudformation_resources SET previous = NULL WHERE stack_id = ? AND previous IS NOT NULL",
            (stack_id,),
        )


def _to_resource(row: tuple[Any, ...]) -> Resource:
    return Resource(
        stack_id=row[0],
        logical_id=row[1],
        type=row[2],
        name=row[3],
        physical_id=row[4],
        status=row[5],
        status_reason=row[6],
        changed_at_ms=row[7],
        body=body_from(row[8]),
        completed_in=row[9],
        created_in=row[10],
        previous=snapshot_from(row[11]),
        drift_status=row[12],
        drift_checked_at_ms=row[13],
        drift=None if row[14] is None else json.loads(row[14]),
    )


def _from_resource(resource: Resource) -> tuple[Any, ...]:
    return (
        resource.stack_id,
        resource.logical_id,
        resource.type,
        resource.name,
        resource.physical_id,
        resource.status,
        resource.status_reason,
        resource.changed_at_ms,
        to_json(resource.body),
        resource.completed_in,
        resource.created_in,
        optional_json(resource.previous),
        resource.drift_status,
        resource.drift_checked_at_ms,
        optional_json(resource.drift),
    )
