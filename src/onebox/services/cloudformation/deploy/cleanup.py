"""Clean-up: deleting physical resources that are no longer part of a stack. The only place that schedules it.

Promises: an item is in the database from the transaction that removed the resource from the stack until it is deleted
or retained. An item that cannot be deleted is dropped after one attempt, as AWS does.
"""

from __future__ import annotations

from onebox.services.cloudformation.deploy.graph_runner import run_graph
from onebox.services.cloudformation.deploy.resource_delete import delete_physical
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.model import CleanupItem, Resource, Snapshot
from onebox.services.cloudformation.states import OperationKind, ResourceTrigger, StackTrigger, cleanup_status
from onebox.services.cloudformation.store import Store
from onebox.services.cloudformation.template.graph import reverse


def schedule_cleanup(store: Store, row: Resource, physical: Snapshot | None, *, retain: bool = False) -> None:
    """Have a physical resource of ``row`` deleted, or only forgotten if ``retain``; inside a transaction.

    ``physical`` is what the row is, or was before its update. None means that nothing was created."""
    if physical is None:
        return
    item = CleanupItem(
        stack_id=row.stack_id,
        logical_id=row.logical_id,
        type=physical.type,
        physical_id=physical.physical_id,
        body=physical.body,
        retain=retain,
    )
    store.cleanup_items.add(item)


def remove_from_stack(run: StackRun, row: Resource, *, retain: bool) -> None:
    """Take a resource out of the stack and schedule its clean-up; inside a transaction."""
    schedule_cleanup(run.store, row, row.snapshot(), retain=retain)
    run.store.resources.delete(row.stack_id, row.logical_id)
    run.rows.pop(row.logical_id, None)


def schedule_replaced(store: Store, row: Resource, *, retain: bool) -> None:
    """Schedule the clean-up of what ``row`` was before its replacement, if it was replaced; inside a transaction."""
    if row.previous is not None and row.previous.physical_id != row.physical_id:
        schedule_cleanup(store, row, row.previous, retain=retain)


async def clean_up(run: StackRun) -> None:
    """The operations UPDATE_CLEANUP and ROLLBACK_CLEANUP."""
    failed = await run_cleanup_items(run)
    if not run.is_current():
        return
    reason = None
    if failed and run.operation.kind == OperationKind.UPDATE_CLEANUP:
        reason = "Update successful. One or more resources could not be deleted."
    await run.write(lambda: run.journal.move_stack(run.stack, StackTrigger.SUCCEEDED, reason))


async def run_cleanup_items(run: StackRun) -> list[str]:
    """Delete what is scheduled, dependants first. Returns the logical ids of those that could not be deleted."""
    items = {str(item.id): item for item in run.store.cleanup_items.of_stack(run.stack.stack_id)}
    graph = {
        key: {other for other, there in items.items() if there.logical_id in item.body.needs}
        for key, item in items.items()
    }
    failed = await run_graph(
        reverse(graph), lambda key: _run_item(run, items[key]), may_go_on=run.is_current, past_failures=True
    )
    return [items[key].logical_id for key in failed]


async def _run_item(run: StackRun, item: CleanupItem) -> bool:
    if item.retain:
        await _finish(run, item, cleanup_status(ResourceTrigger.RETAINED))
        return True
    await run.write(lambda: run.journal.record_cleanup(run.stack, item, cleanup_status(ResourceTrigger.DELETE)))
    physical = Snapshot(type=item.type, name="", physical_id=item.physical_id, created_in="", body=item.body)
    reason = await delete_physical(run, item.logical_id, physical)
    outcome = ResourceTrigger.FAILED if reason else ResourceTrigger.SUCCEEDED
    await _finish(run, item, cleanup_status(outcome), reason)
    return reason is None


async def _finish(run: StackRun, item: CleanupItem, status: str, reason: str | None = None) -> None:
    def job() -> None:
        run.store.cleanup_items.delete(item.id)
        run.journal.record_cleanup(run.stack, item, status, reason)

    await run.write(job)
