"""Deleting one resource.

Promises: a resource that is already gone counts as deleted, so the step can be repeated after a restart.
"""

from __future__ import annotations

import logging

from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.deploy.client import failure_reason
from onebox.services.cloudformation.deploy.journal import advance
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.model import Resource, Snapshot
from onebox.services.cloudformation.resources.existing import means_gone
from onebox.services.cloudformation.resources.types import LiveResource
from onebox.services.cloudformation.states import RESOURCE_STATES, ResourceTrigger
from onebox.storage.faults import DatabaseBusy

_log = logging.getLogger("onebox.cloudformation")


async def delete_resource(run: StackRun, logical_id: str, *, retain: bool) -> bool:
    """Delete a resource of the stack, or leave it in place. False if it could not be deleted."""
    row = run.rows[logical_id]
    if RESOURCE_STATES[row.status].is_deleted:
        return True
    physical = row.snapshot()
    if physical is None:
        await _save(run, row, ResourceTrigger.DISCARDED)
        return True
    if retain:
        await _save(run, row, ResourceTrigger.RETAINED)
        return True
    if ResourceTrigger.DELETE in RESOURCE_STATES[row.status].next:
        row = await _save(run, row, ResourceTrigger.DELETE)
    reason = await delete_physical(run, logical_id, physical)
    await _save(run, row, ResourceTrigger.FAILED if reason else ResourceTrigger.SUCCEEDED, reason)
    return reason is None


async def delete_physical(run: StackRun, logical_id: str, physical: Snapshot) -> str | None:
    """Delete a physical resource. Returns the reason if that fails."""
    live = LiveResource(
        physical_id=physical.physical_id,
        properties=physical.body.properties,
        attributes=physical.body.attributes,
        tags=physical.body.tags,
        logical_id=logical_id,
        type=physical.type,
    )
    try:
        await run.type_of(physical.type).lifecycle.delete(run.client, live)
    except (StorageFault, DatabaseBusy):
        raise  # after the latter the operation goes on as after a restart
    except AwsError as error:
        return None if means_gone(error) else failure_reason(error, run.token)
    except Exception:  # noqa: BLE001 - the edge of a background task: the stack must reach a state, the log has the bug
        _log.exception("deletion of %s %s failed", physical.type, physical.physical_id)
        return "Internal Failure"
    return None


async def _save(run: StackRun, row: Resource, trigger: ResourceTrigger, reason: str | None = None) -> Resource:
    moved = advance(row, trigger, reason)
    return await run.write(lambda: run.save(moved))
