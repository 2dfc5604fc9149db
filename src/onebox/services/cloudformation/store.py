"""The SQL of CloudFormation, and nothing else. Writes belong inside ``storage.run``."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudformation.model import (
    ChangeSet,
    DriftDetection,
    Event,
    Leftover,
    Resource,
    Stack,
)
from onebox.services.cloudformation.rows import (
    body_from,
    operation_from,
    optional_json,
    settings_from,
    snapshot_from,
    source_from,
    to_json,
)
from onebox.services.context import Wire
from onebox.storage.database import Storage

_STACK = (
    "stack_id, account, region, name, status, status_reason, created_at_ms, updated_at_ms, deleted_at_ms, "
    "change_set_id, source, previous, outputs, settings, operation, last_operation, drift_status, "
    "drift_checked_at_ms"
)
_RESOURCE = (
    "stack_id, logical_id, type, name, physical_id, status, status_reason, changed_at_ms, body, settled_in, "
    "created_in, previous, drift_status, drift_checked_at_ms, drift"
)
_EVENT = "stack_id, event_id, logical_id, physical_id, type, status, status_reason, properties, client_token, at_ms"
_CHANGE_SET = (
    "change_set_id, stack_id, name, kind, status, status_reason, execution_status, created_at_ms, description, source, "
    "settings, changes"
)
_DETECTION = "detection_id, stack_id, status, status_reason, stack_drift_status, drifted_count, at_ms"

# All tables that hold something of a stack; the stack itself last, as the others refer to it.
_TABLES = (
    "cloudformation_resources",
    "cloudformation_leftovers",
    "cloudformation_events",
    "cloudformation_change_sets",
    "cloudformation_exports",
    "cloudformation_imports",
    "cloudformation_drift_detections",
    "cloudformation_stacks",
)


class Store:
    """All rows of the service."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    # Stacks.

    def find_stack(self, stack_id: str) -> Stack | None:
        row = self._storage.first(f"SELECT {_STACK} FROM cloudformation_stacks WHERE stack_id = ?", (stack_id,))
        return None if row is None else _to_stack(row)

    def find_stack_by_name(self, account: str, region: str, name: str) -> Stack | None:
        """The stack of this name that is not deleted."""
        row = self._storage.first(
            f"SELECT {_STACK} FROM cloudformation_stacks "
            "WHERE account = ? AND region = ? AND name = ? AND deleted_at_ms IS NULL",
            (account, region, name),
        )
        return None if row is None else _to_stack(row)

    def list_stacks(self, account: str, region: str, skip: int, limit: int, *, deleted: bool) -> list[Stack]:
        """The newest first."""
        alive = "" if deleted else "AND deleted_at_ms IS NULL "
        rows = self._storage.all(
            f"SELECT {_STACK} FROM cloudformation_stacks WHERE account = ? AND region = ? {alive}"
            "ORDER BY created_at_ms DESC, stack_id LIMIT ? OFFSET ?",
            (account, region, limit, skip),
        )
        return [_to_stack(row) for row in rows]

    def stacks_at_work(self) -> list[str]:
        rows = self._storage.all("SELECT stack_id FROM cloudformation_stacks WHERE operation IS NOT NULL")
        return [row[0] for row in rows]

    def save_stack(self, stack: Stack) -> None:
        self._save("cloudformation_stacks", _STACK, "stack_id", _from_stack(stack))

    def forget_stacks(self, deleted_before_ms: int, limit: int) -> None:
        """Remove the oldest deleted stacks with all that is known of them."""
        rows = self._storage.all(
            "SELECT stack_id FROM cloudformation_stacks WHERE deleted_at_ms < ? ORDER BY deleted_at_ms LIMIT ?",
            (deleted_before_ms, limit),
        )
        for (stack_id,) in rows:
            for table in _TABLES:
                self._storage.execute(f"DELETE FROM {table} WHERE stack_id = ?", (stack_id,))

    # Resources.

    def find_resource(self, stack_id: str, logical_id: str) -> Resource | None:
        row = self._storage.first(
            f"SELECT {_RESOURCE} FROM cloudformation_resources WHERE stack_id = ? AND logical_id = ?",
            (stack_id, logical_id),
        )
        return None if row is None else _to_resource(row)

    def list_resources(self, stack_id: str) -> list[Resource]:
        rows = self._storage.all(
            f"SELECT {_RESOURCE} FROM cloudformation_resources WHERE stack_id = ? ORDER BY logical_id", (stack_id,)
        )
        return [_to_resource(row) for row in rows]

    def find_stack_of_physical_id(self, account: str, region: str, physical_id: str) -> str | None:
        row = self._storage.first(
            "SELECT s.stack_id FROM cloudformation_resources r JOIN cloudformation_stacks s USING (stack_id) "
            "WHERE r.physical_id = ? AND s.account = ? AND s.region = ? AND s.deleted_at_ms IS NULL",
            (physical_id, account, region),
        )
        return None if row is None else str(row[0])

    def save_resource(self, resource: Resource) -> None:
        self._save("cloudformation_resources", _RESOURCE, "stack_id, logical_id", _from_resource(resource))

    def delete_resource(self, stack_id: str, logical_id: str) -> None:
        self._storage.execute(
            "DELETE FROM cloudformation_resources WHERE stack_id = ? AND logical_id = ?", (stack_id, logical_id)
        )

    def settle_resources(self, stack_id: str) -> None:
        """Forget what the resources were before an update that is over."""
        self._storage.execute(
            "UPDATE cloudformation_resources SET previous = NULL WHERE stack_id = ? AND previous IS NOT NULL",
            (stack_id,),
        )

    # Leftovers.

    def list_leftovers(self, stack_id: str) -> list[Leftover]:
        rows = self._storage.all(
            "SELECT id, stack_id, logical_id, type, physical_id, body, retain FROM cloudformation_leftovers "
            "WHERE stack_id = ? ORDER BY id",
            (stack_id,),
        )
        return [Leftover(r[1], r[2], r[3], r[4], body_from(r[5]), bool(r[6]), r[0]) for r in rows]

    def add_leftover(self, leftover: Leftover) -> None:
        self._storage.execute(
            "INSERT INTO cloudformation_leftovers (stack_id, logical_id, type, physical_id, body, retain) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                leftover.stack_id,
                leftover.logical_id,
                leftover.type,
                leftover.physical_id,
                to_json(leftover.body),
                int(leftover.retain),
            ),
        )

    def delete_leftover(self, leftover_id: int) -> None:
        self._storage.execute("DELETE FROM cloudformation_leftovers WHERE id = ?", (leftover_id,))

    # Events.

    def add_event(self, event: Event) -> None:
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

    def list_events(self, stack_id: str, before_id: int | None, limit: int) -> list[tuple[int, Event]]:
        """The newest first, with their row ids."""
        rows = self._storage.all(
            f"SELECT id, {_EVENT} FROM cloudformation_events WHERE stack_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (stack_id, 2**62 if before_id is None else before_id, limit),
        )
        return [(row[0], _to_event(row[1:])) for row in rows]

    # Change sets.

    def find_change_set(self, change_set_id: str) -> ChangeSet | None:
        row = self._storage.first(
            f"SELECT {_CHANGE_SET} FROM cloudformation_change_sets WHERE change_set_id = ?", (change_set_id,)
        )
        return None if row is None else _to_change_set(row)

    def find_change_set_by_name(self, stack_id: str, name: str) -> ChangeSet | None:
        row = self._storage.first(
            f"SELECT {_CHANGE_SET} FROM cloudformation_change_sets WHERE stack_id = ? AND name = ?", (stack_id, name)
        )
        return None if row is None else _to_change_set(row)

    def list_change_sets(self, stack_id: str, skip: int, limit: int) -> list[ChangeSet]:
        rows = self._storage.all(
            f"SELECT {_CHANGE_SET} FROM cloudformation_change_sets WHERE stack_id = ? ORDER BY name LIMIT ? OFFSET ?",
            (stack_id, limit, skip),
        )
        return [_to_change_set(row) for row in rows]

    def save_change_set(self, change_set: ChangeSet) -> None:
        self._save("cloudformation_change_sets", _CHANGE_SET, "change_set_id", _from_change_set(change_set))

    def delete_change_sets(self, stack_id: str, but: str | None = None) -> None:
        self._storage.execute(
            "DELETE FROM cloudformation_change_sets WHERE stack_id = ? AND change_set_id IS NOT ?", (stack_id, but)
        )

    def delete_change_set(self, change_set_id: str) -> None:
        self._storage.execute("DELETE FROM cloudformation_change_sets WHERE change_set_id = ?", (change_set_id,))

    # Exports and imports.

    def find_export(self, account: str, region: str, name: str) -> tuple[str, str] | None:
        """Value and exporting stack."""
        row = self._storage.first(
            "SELECT value, stack_id FROM cloudformation_exports WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else (row[0], row[1])

    def list_exports(self, account: str, region: str, after: str, limit: int) -> list[tuple[str, str, str]]:
        """Name, value and exporting stack, by name."""
        rows = self._storage.all(
            "SELECT name, value, stack_id FROM cloudformation_exports "
            "WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
            (account, region, after, limit),
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def exports_of(self, stack_id: str) -> dict[str, str]:
        rows = self._storage.all("SELECT name, value FROM cloudformation_exports WHERE stack_id = ?", (stack_id,))
        return {row[0]: row[1] for row in rows}

    def replace_exports(self, stack: Stack, exports: dict[str, str]) -> None:
        self._storage.execute("DELETE FROM cloudformation_exports WHERE stack_id = ?", (stack.stack_id,))
        self._storage.executemany(
            "INSERT INTO cloudformation_exports (account, region, name, value, stack_id) VALUES (?, ?, ?, ?, ?)",
            [(stack.account, stack.region, name, value, stack.stack_id) for name, value in exports.items()],
        )

    def importers(self, account: str, region: str, export_name: str) -> list[str]:
        """Names of the stacks that import an export."""
        rows = self._storage.all(
            "SELECT s.name FROM cloudformation_imports i JOIN cloudformation_stacks s USING (stack_id) "
            "WHERE i.account = ? AND i.region = ? AND i.name = ? ORDER BY s.name",
            (account, region, export_name),
        )
        return [row[0] for row in rows]

    def add_import(self, stack: Stack, export_name: str) -> None:
        self._storage.execute(
            "INSERT OR IGNORE INTO cloudformation_imports (account, region, name, stack_id) VALUES (?, ?, ?, ?)",
            (stack.account, stack.region, export_name, stack.stack_id),
        )

    def replace_imports(self, stack: Stack, export_names: set[str]) -> None:
        self._storage.execute("DELETE FROM cloudformation_imports WHERE stack_id = ?", (stack.stack_id,))
        for name in sorted(export_names):
            self.add_import(stack, name)

    # Drift.

    def find_detection(self, detection_id: str) -> DriftDetection | None:
        row = self._storage.first(
            f"SELECT {_DETECTION} FROM cloudformation_drift_detections WHERE detection_id = ?", (detection_id,)
        )
        return None if row is None else DriftDetection(row[0], row[1], row[2], row[6], row[3], row[4], row[5])

    def save_detection(self, detection: DriftDetection) -> None:
        values = (
            detection.detection_id,
            detection.stack_id,
            detection.status,
            detection.status_reason,
            detection.stack_drift_status,
            detection.drifted_count,
            detection.at_ms,
        )
        self._save("cloudformation_drift_detections", _DETECTION, "detection_id", values)

    def fail_open_detections(self, reason: str) -> None:
        """For detections that a restart cut off."""
        self._storage.execute(
            "UPDATE cloudformation_drift_detections SET status = 'DETECTION_FAILED', status_reason = ? "
            "WHERE status = 'DETECTION_IN_PROGRESS'",
            (reason,),
        )

    def _save(self, table: str, columns: str, key: str, values: tuple[Any, ...]) -> None:
        names = columns.split(", ")
        keys = key.split(", ")
        updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
        marks = ", ".join("?" * len(names))
        self._storage.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {updates}", values
        )


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
        settled_in=row[9],
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
        resource.settled_in,
        resource.created_in,
        optional_json(resource.previous),
        resource.drift_status,
        resource.drift_checked_at_ms,
        optional_json(resource.drift),
    )


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
