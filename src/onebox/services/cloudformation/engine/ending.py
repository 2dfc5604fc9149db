"""Ending one resource.

Promises: what is already gone counts as ended, so that the step can be repeated after a restart.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.engine.hands import failure_reason
from onebox.services.cloudformation.engine.run import StackRun
from onebox.services.cloudformation.model import Leftover, Resource, ResourceBody
from onebox.services.cloudformation.resources.existing import means_gone
from onebox.services.cloudformation.resources.types import LiveResource

_log = logging.getLogger("onebox.cloudformation")

_OVER = ("DELETE_COMPLETE", "DELETE_SKIPPED")


async def end_resource(run: StackRun, logical_id: str, *, retain: bool) -> bool:
    """Delete a resource of the stack, or leave it behind. False if it could not be deleted."""
    row = run.rows[logical_id]
    if row.status in _OVER:
        return True
    if retain and row.physical_id is not None:
        await _move(run, row, "DELETE_SKIPPED", None)
        return True
    if row.physical_id is None:
        # It never came to be: the call that should have made it failed.
        await _move(run, row, "DELETE_COMPLETE", None)
        return True
    if row.status != "DELETE_IN_PROGRESS":
        await _move(run, row, "DELETE_IN_PROGRESS", None)
    reason = await _delete(run, row.type, row.physical_id, row.body)
    await _move(run, run.rows[logical_id], "DELETE_FAILED" if reason else "DELETE_COMPLETE", reason)
    return reason is None


async def end_leftover(run: StackRun, leftover: Leftover) -> bool:
    """Delete a physical resource that the stack no longer wants. It is forgotten even if that fails, as AWS does."""
    if leftover.retain:
        await _finish_leftover(run, leftover, "DELETE_SKIPPED", None)
        return True
    await run.write(lambda: _leftover_event(run, leftover, "DELETE_IN_PROGRESS", None))
    reason = await _delete(run, leftover.type, leftover.physical_id, leftover.body)
    await _finish_leftover(run, leftover, "DELETE_FAILED" if reason else "DELETE_COMPLETE", reason)
    return reason is None


async def _delete(run: StackRun, type_name: str, physical_id: str, body: ResourceBody) -> str | None:
    """The reason why it failed, or None."""
    live = LiveResource(physical_id, body.properties, body.attributes, body.tags)
    try:
        await run.type_of(type_name).lifecycle.delete(run.hands, live)
    except StorageFault:
        raise
    except AwsError as error:
        return None if means_gone(error) else failure_reason(error, run.token)
    except Exception:  # noqa: BLE001 - a background task's edge: the stack must end in a state, the bug in the log
        _log.exception("deletion of %s %s failed", type_name, physical_id)
        return "Internal Failure"
    return None


async def _move(run: StackRun, row: Resource, status: str, reason: str | None) -> None:
    moved = replace(row, status=status, status_reason=reason)
    await run.write(lambda: run.save(moved))


async def _finish_leftover(run: StackRun, leftover: Leftover, status: str, reason: str | None) -> None:
    def job() -> None:
        run.store.delete_leftover(leftover.id)
        _leftover_event(run, leftover, status, reason)

    await run.write(job)


def _leftover_event(run: StackRun, leftover: Leftover, status: str, reason: str | None) -> None:
    run.journal.resource_event(
        run.stack,
        leftover.logical_id,
        leftover.type,
        leftover.physical_id,
        status,
        reason,
        leftover.body.shown_properties,
    )
