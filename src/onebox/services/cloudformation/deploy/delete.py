"""Deleting a stack.

Promises: the last transaction of the deletion names the final state, so a restart resumes until it is reached.
"""

from __future__ import annotations

from onebox.services.cloudformation.deploy.cleanup import run_cleanup_items
from onebox.services.cloudformation.deploy.graph_runner import run_graph
from onebox.services.cloudformation.deploy.resource_delete import delete_resource
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.model import Resource
from onebox.services.cloudformation.states import OperationKind, StackTrigger
from onebox.services.cloudformation.template.graph import reverse


async def delete_stack(run: StackRun) -> None:
    """The operation DELETE."""
    stack = run.stack
    for name in run.store.exports.of_stack(stack.stack_id):
        importers = run.store.exports.importers(stack.account, stack.region, name)
        if importers:
            await _fail(run, f"Export {name} cannot be deleted as it is in use by {' and '.join(importers)}")
            return
    failed = await delete_resources(run) + await run_cleanup_items(run)
    if not run.is_current():
        return
    if failed and not run.operation.force:
        await _fail(run, f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
    else:
        await run.write(lambda: _finish(run))


async def delete_resources(run: StackRun) -> list[str]:
    """Delete the stack's resources, dependants first. Returns the logical ids of those that could not be deleted."""
    waits = reverse({name: set(row.body.needs) for name, row in run.rows.items()})

    async def step(logical_id: str) -> bool:
        return await delete_resource(run, logical_id, retain=_is_retained(run, run.rows[logical_id]))

    return await run_graph(waits, step, may_go_on=run.is_current, past_failures=True)


def _is_retained(run: StackRun, row: Resource) -> bool:
    if row.logical_id in run.operation.retain:
        return True
    policy = row.body.deletion_policy
    creating = run.operation.kind == OperationKind.CREATE_ROLLBACK
    if policy == "RetainExceptOnCreate" or run.stack.settings.retain_except_on_create:
        return policy != "Delete" and not creating
    return policy == "Retain"


async def _fail(run: StackRun, reason: str) -> None:
    await run.write(lambda: run.journal.move_stack(run.stack, StackTrigger.UNFINISHED, reason))


def _finish(run: StackRun) -> None:
    run.store.exports.replace(run.stack, {})
    run.store.exports.replace_imports(run.stack, set())
    run.store.change_sets.delete_of_stack(run.stack.stack_id)
    run.journal.move_stack(run.stack, StackTrigger.SUCCEEDED, deleted_at_ms=run.now_ms())
