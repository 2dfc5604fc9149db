"""Rolling back a creation or an update.

What is undone is decided from the rows alone. A resource that the failed operation created (``created_in`` is its
token, and there is no snapshot) is deleted by the clean-up. A resource with a snapshot is restored: the physical
resource of the snapshot is taken back if it was replaced, otherwise updated to the snapshot's properties. Resources
that the operation did not touch stay as they are.

Promises: each phase ends with one transaction that moves the stack to the next state, so a restart resumes there.
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.deploy.cleanup import remove_from_stack, schedule_cleanup
from onebox.services.cloudformation.deploy.client import failure_reason
from onebox.services.cloudformation.deploy.delete import delete_resources
from onebox.services.cloudformation.deploy.graph_runner import run_graph
from onebox.services.cloudformation.deploy.journal import advance
from onebox.services.cloudformation.deploy.outputs import imported_names
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.model import Resource, Snapshot
from onebox.services.cloudformation.resources.types import LiveResource
from onebox.services.cloudformation.states import RESOURCE_STATES, ResourceTrigger, StackTrigger


async def roll_back_creation(run: StackRun) -> None:
    """The operation CREATE_ROLLBACK: delete everything."""
    failed = await delete_resources(run)
    if not run.is_current():
        return
    trigger, reason = StackTrigger.SUCCEEDED, None
    if failed:
        trigger = StackTrigger.UNFINISHED
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "

    def job() -> None:
        run.store.exports.replace_imports(run.stack, set())
        run.journal.move_stack(run.stack, trigger, reason)

    await run.write(job)


async def roll_back_update(run: StackRun) -> None:
    """The operation UPDATE_ROLLBACK: restore what the update changed, leave what it added to the clean-up."""
    await run.write(lambda: _remove_added(run))
    touched = {
        row.logical_id: row
        for row in run.rows.values()
        if row.previous is not None or RESOURCE_STATES[row.status].in_update
    }
    waits = {name: set((row.previous or row).body.needs) for name, row in touched.items()}
    failed = await run_graph(waits, lambda name: _restore(run, name), may_go_on=run.is_current)
    if not run.is_current():
        return
    if failed:
        reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. "
        await run.write(lambda: run.journal.move_stack(run.stack, StackTrigger.UNFINISHED, reason))
    else:
        blueprint = await run.blueprint()
        scope = run.scope(blueprint)
        imports = await run.compute(lambda: imported_names(blueprint, scope))
        await run.write(lambda: _finish(run, imports))


def restored(row: Resource) -> Resource:
    """The row with its snapshot in place of what the update made of it. Without a snapshot nothing was changed."""
    back = advance(row, ResourceTrigger.RESTORED)
    if row.previous is None:
        return back
    return replace(
        back,
        type=row.previous.type,
        name=row.previous.name,
        physical_id=row.previous.physical_id,
        created_in=row.previous.created_in,
        body=row.previous.body,
        previous=None,
    )


def _remove_added(run: StackRun) -> None:
    for row in list(run.rows.values()):
        if row.created_in == run.token and row.previous is None:
            plainly_retained = row.body.deletion_policy == "Retain"
            remove_from_stack(run, row, retain=plainly_retained and not run.stack.settings.retain_except_on_create)


async def _restore(run: StackRun, logical_id: str) -> bool:
    row = run.rows[logical_id]
    previous = row.previous
    if previous is None or logical_id in run.operation.skip:
        await run.write(lambda: run.save(restored(row)))
        return True
    if previous.physical_id != row.physical_id:
        await run.write(lambda: _take_back(run, row))
        return True
    return await _update_back(run, row, previous)


def _take_back(run: StackRun, row: Resource) -> None:
    """Return to the physical resource that was replaced. Its replacement, if it was created, is cleaned up."""
    schedule_cleanup(run.store, row, row.snapshot())
    run.save(restored(row))


async def _update_back(run: StackRun, row: Resource, previous: Snapshot) -> bool:
    if not RESOURCE_STATES[row.status].is_updating:
        begun = advance(row, ResourceTrigger.DEPLOY)
        row = await run.write(lambda: run.save(begun))
    live = LiveResource(
        physical_id=previous.physical_id,
        properties=row.body.properties,
        attributes=row.body.attributes,
        tags=row.body.tags,
        logical_id=row.logical_id,
        type=row.type,
    )
    lifecycle = run.type_of(row.type).lifecycle
    try:
        await lifecycle.update(run.client, live, previous.body.properties, previous.body.tags)
    except StorageFault:
        raise
    except AwsError as error:
        failed = advance(row, ResourceTrigger.FAILED, failure_reason(error, run.token))
        await run.write(lambda: run.save(failed))
        return False
    await run.write(lambda: run.save(restored(row)))
    return True


def _finish(run: StackRun, imports: set[str]) -> None:
    run.store.resources.forget_snapshots(run.stack.stack_id)
    run.store.exports.replace_imports(run.stack, imports)
    run.journal.move_stack(run.stack, StackTrigger.SUCCEEDED)
