"""Going back and ending: rollbacks, clean-up after an update, deletion of a stack.

Promises: like deployment: each phase ends with one transaction that names what comes next.
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.engine.deployment import leave, restore_imports
from onebox.services.cloudformation.engine.ending import end_leftover, end_resource
from onebox.services.cloudformation.engine.hands import failure_reason
from onebox.services.cloudformation.engine.run import StackRun
from onebox.services.cloudformation.engine.schedule import run_graph
from onebox.services.cloudformation.model import Leftover, Resource
from onebox.services.cloudformation.resources.types import LiveResource
from onebox.services.cloudformation.template.graph import reverse


async def delete_stack(run: StackRun) -> None:
    """The operation DELETE."""
    stack = run.stack
    for name in run.store.exports_of(stack.stack_id):
        importers = run.store.importers(stack.account, stack.region, name)
        if importers:
            reason = f"Export {name} cannot be deleted as it is in use by {' and '.join(importers)}"
            await _fail_deletion(run, reason)
            return
    failed = await _end_all(run) + await _end_leftovers(run)
    if not run.is_current():
        return
    if failed and not run.operation.force:
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        await _fail_deletion(run, reason)
    else:
        await run.write(lambda: finish_deletion(run))


async def _fail_deletion(run: StackRun, reason: str) -> None:
    await run.write(lambda: run.journal.stack_moved(run.stack, "DELETE_FAILED", reason, operation=None))


def finish_deletion(run: StackRun) -> None:
    """The stack is gone; inside a transaction."""
    run.store.replace_exports(run.stack, {})
    run.store.replace_imports(run.stack, set())
    run.store.delete_change_sets(run.stack.stack_id)
    run.journal.stack_moved(run.stack, "DELETE_COMPLETE", operation=None, deleted_at_ms=run.now_ms())


async def roll_back_creation(run: StackRun) -> None:
    """The operation CREATE_ROLLBACK."""
    failed = await _end_all(run)
    if not run.is_current():
        return
    status, reason = "ROLLBACK_COMPLETE", None
    if failed:
        status, reason = "ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. "

    def job() -> None:
        run.store.replace_imports(run.stack, set())
        run.journal.stack_moved(run.stack, status, reason, operation=None)

    await run.write(job)


async def roll_back_update(run: StackRun) -> None:
    """The operation UPDATE_ROLLBACK."""
    await run.write(lambda: _leave_added(run))
    disturbed = {
        row.logical_id: row
        for row in run.rows.values()
        if row.previous is not None or row.status in ("UPDATE_FAILED", "UPDATE_IN_PROGRESS")
    }
    waits = {name: set((row.previous or row).body.needs) for name, row in disturbed.items()}
    failed = await run_graph(waits, lambda name: _restore(run, name), may_go_on=run.is_current)
    if not run.is_current():
        return
    if failed:
        reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. "
        await run.write(lambda: run.journal.stack_moved(run.stack, "UPDATE_ROLLBACK_FAILED", reason, operation=None))
    else:
        await run.write(lambda: _finish_rollback(run))


async def clean_up(run: StackRun) -> None:
    """The operations UPDATE_CLEANUP and ROLLBACK_CLEANUP."""
    failed = await _end_leftovers(run)
    if not run.is_current():
        return
    status = "UPDATE_COMPLETE" if run.operation.kind == "UPDATE_CLEANUP" else "UPDATE_ROLLBACK_COMPLETE"
    reason = None
    if failed and status == "UPDATE_COMPLETE":
        reason = "Update successful. One or more resources could not be deleted."
    await run.write(lambda: run.journal.stack_moved(run.stack, status, reason, operation=None))


async def _end_all(run: StackRun) -> list[str]:
    """Delete the stack's resources, those that need others first. The names of those that could not be deleted."""
    waits = reverse({name: set(row.body.needs) for name, row in run.rows.items()})

    async def step(logical_id: str) -> bool:
        return await end_resource(run, logical_id, retain=_is_retained(run, run.rows[logical_id]))

    return await run_graph(waits, step, may_go_on=run.is_current, past_failures=True)


def _is_retained(run: StackRun, row: Resource) -> bool:
    if row.logical_id in run.operation.retain:
        return True
    policy = row.body.deletion_policy
    creating = run.operation.kind == "CREATE_ROLLBACK"
    if policy == "RetainExceptOnCreate" or run.stack.settings.retain_except_on_create:
        return policy != "Delete" and not creating
    return policy == "Retain"


async def _end_leftovers(run: StackRun) -> list[str]:
    leftovers = {str(leftover.id): leftover for leftover in run.store.list_leftovers(run.stack.stack_id)}
    graph = {
        key: {other for other, there in leftovers.items() if there.logical_id in leftover.body.needs}
        for key, leftover in leftovers.items()
    }
    failed = await run_graph(
        reverse(graph), lambda key: end_leftover(run, leftovers[key]), may_go_on=run.is_current, past_failures=True
    )
    return [leftovers[key].logical_id for key in failed]


async def _restore(run: StackRun, logical_id: str) -> bool:
    """Bring one resource back to what it was before the update."""
    row = run.rows[logical_id]
    previous = row.previous
    if previous is None or logical_id in run.operation.skip:
        await run.write(lambda: run.save(_restored(row)))
        return True
    if previous.physical_id != row.physical_id:
        await run.write(lambda: _reinstate(run, row))
        return True
    begun = replace(row, status="UPDATE_IN_PROGRESS", status_reason=None)
    if row.status != "UPDATE_IN_PROGRESS":
        await run.write(lambda: run.save(begun))
    live = LiveResource(previous.physical_id, row.body.properties, row.body.attributes, row.body.tags)
    lifecycle = run.type_of(row.type).lifecycle
    try:
        await lifecycle.update(run.hands, live, previous.body.properties, previous.body.tags)
    except StorageFault:
        raise
    except AwsError as error:
        failed = replace(begun, status="UPDATE_FAILED", status_reason=failure_reason(error, run.token))
        await run.write(lambda: run.save(failed))
        return False
    await run.write(lambda: run.save(_restored(row)))
    return True


def _restored(row: Resource) -> Resource:
    """The row as before the update; for what was never changed, the same row without its failure."""
    if row.previous is None:
        return replace(row, status="UPDATE_COMPLETE", status_reason=None)
    return replace(
        row,
        type=row.previous.type,
        name=row.previous.name,
        physical_id=row.previous.physical_id,
        created_in=row.previous.created_in,
        body=row.previous.body,
        status="UPDATE_COMPLETE",
        status_reason=None,
        previous=None,
    )


def _reinstate(run: StackRun, row: Resource) -> None:
    """Take the old physical resource back; the new one, if it came to be, is for cleanup."""
    if row.physical_id is not None:
        run.store.add_leftover(
            Leftover(row.stack_id, row.logical_id, row.type, row.physical_id, row.body, retain=False)
        )
    run.save(_restored(row))


def _policy_of_new(run: StackRun, row: Resource) -> str:
    """A resource that the rolled back operation itself made goes, unless its policy is plainly Retain."""
    kept = row.body.deletion_policy == "Retain" and not run.stack.settings.retain_except_on_create
    return "Retain" if kept else "Delete"


def _leave_added(run: StackRun) -> None:
    """What the update added is for cleanup."""
    for row in list(run.rows.values()):
        if row.created_in == run.token and row.previous is None:
            leave(run, replace(row, body=replace(row.body, deletion_policy=_policy_of_new(run, row))))


def _finish_rollback(run: StackRun) -> None:
    run.store.settle_resources(run.stack.stack_id)
    restore_imports(run, run.blueprint())
    run.journal.stack_moved(
        run.stack,
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        operation=replace(run.operation, kind="ROLLBACK_CLEANUP"),
    )
