"""Creating and updating a stack: every resource in order, then the outputs.

Promises: each phase ends with one transaction that moves the stack to the next state, so a restart resumes there.
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import AwsError
from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.deploy.cleanup import remove_from_stack, schedule_replaced
from onebox.services.cloudformation.deploy.graph_runner import run_graph
from onebox.services.cloudformation.deploy.outputs import EvaluatedOutputs, evaluate_outputs, record_exports
from onebox.services.cloudformation.deploy.resource_update import reconcile_resource
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.states import RESOURCE_STATES, OperationKind, StackTrigger
from onebox.services.context import Wire


async def create_stack(run: StackRun) -> None:
    """The operation CREATE."""
    blueprint = await run.blueprint()
    failed = await _reconcile_all(run, blueprint)
    if not run.is_current():
        return
    if failed:
        reason = f"The following resource(s) failed to create: [{_list(failed)}]. "
        await run.write(lambda: _creation_failed(run, reason))
    elif _is_late(run):
        await run.write(lambda: _creation_failed(run, "Stack creation time exceeded the specified timeout. "))
    else:
        outputs = await _evaluate_outputs(run, blueprint)
        await run.write(lambda: _finish_creation(run, outputs))


async def update_stack(run: StackRun) -> None:
    """The operation UPDATE."""
    blueprint = await run.blueprint()
    failed = await _reconcile_all(run, blueprint)
    if not run.is_current():
        return
    if failed:
        await run.write(lambda: _update_failed(run, _update_reason(run, failed)))
    else:
        outputs = await _evaluate_outputs(run, blueprint)
        await run.write(lambda: _finish_update(run, blueprint, outputs))


async def _evaluate_outputs(run: StackRun, blueprint: Blueprint) -> EvaluatedOutputs | AwsError:
    scope, shown_scope = run.scope(blueprint), run.scope(blueprint.masked())
    try:
        return await run.compute(lambda: evaluate_outputs(scope, shown_scope, blueprint))
    except AwsError as error:
        return error


def _record(run: StackRun, outputs: EvaluatedOutputs | AwsError) -> tuple[Wire, ...]:
    """Save the exports. Returns what DescribeStacks shows. Raises AwsError."""
    if isinstance(outputs, AwsError):
        raise outputs
    record_exports(run, outputs)
    return outputs.shown


async def _reconcile_all(run: StackRun, blueprint: Blueprint) -> list[str]:
    async def step(logical_id: str) -> bool:
        return await reconcile_resource(run, blueprint.resources[logical_id], blueprint)

    waits = {name: set(blueprint.needs[name]) for name in blueprint.resources}
    return await run_graph(waits, step, may_go_on=lambda: run.is_current() and not _is_late(run))


def _is_late(run: StackRun) -> bool:
    minutes = run.stack.settings.timeout_minutes
    if run.operation.kind != OperationKind.CREATE or minutes is None:
        return False
    return run.tools.deps.clock.steady_ms() > run.operation.started_at_ms + minutes * 60_000


def _finish_creation(run: StackRun, outputs: EvaluatedOutputs | AwsError) -> None:
    try:
        shown = _record(run, outputs)
    except AwsError as error:
        _creation_failed(run, f"{error.message} ")
        return
    run.journal.move_stack(run.stack, StackTrigger.SUCCEEDED, outputs=shown)


def _creation_failed(run: StackRun, reason: str) -> None:
    if run.operation.on_failure == "DO_NOTHING":
        run.journal.move_stack(run.stack, StackTrigger.FAILED_KEEP, reason)
    elif run.operation.on_failure == "DELETE":
        run.journal.move_stack(run.stack, StackTrigger.FAILED_DELETE, f"{reason}Delete requested by user.")
    else:
        run.journal.move_stack(
            run.stack,
            StackTrigger.FAILED,
            f"{reason}Rollback requested by user.",
            operation=replace(run.operation, rollback_at_ms=run.now_ms()),
            change_set_id=None,
        )


def _finish_update(run: StackRun, blueprint: Blueprint, outputs: EvaluatedOutputs | AwsError) -> None:
    try:
        shown = _record(run, outputs)
    except AwsError as error:
        _update_failed(run, error.message)
        return
    for row in list(run.rows.values()):
        if row.logical_id not in blueprint.resources:
            remove_from_stack(run, row, retain=row.body.deletion_policy.startswith("Retain"))
        else:
            schedule_replaced(run.store, row, retain=row.body.update_replace_policy == "Retain")
    run.store.resources.forget_snapshots(run.stack.stack_id)
    run.journal.move_stack(run.stack, StackTrigger.SUCCEEDED, outputs=shown, previous=None, updated_at_ms=run.now_ms())


def _update_failed(run: StackRun, reason: str) -> None:
    """Begin the rollback of an update, or stop where it is."""
    if run.operation.on_failure == "DO_NOTHING":
        run.journal.move_stack(run.stack, StackTrigger.FAILED_KEEP, reason)
        return
    assert run.stack.previous is not None
    run.journal.move_stack(run.stack, StackTrigger.FAILED, reason, source=run.stack.previous, previous=None)


def _update_reason(run: StackRun, failed: list[str]) -> str:
    created = [name for name in failed if RESOURCE_STATES[run.rows[name].status].failed_create]
    updated = [name for name in failed if name not in created]
    parts = []
    if created:
        parts.append(f"The following resource(s) failed to create: [{_list(created)}]. ")
    if updated:
        parts.append(f"The following resource(s) failed to update: [{_list(updated)}]. ")
    return "".join(parts)


def _list(names: list[str]) -> str:
    return ", ".join(names)
