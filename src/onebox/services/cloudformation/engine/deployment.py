"""Creating and updating a stack: every resource in order, then the outputs, then the clean-up of what is no longer
wanted.

Promises: each phase ends with one transaction that names the next phase, so that a restart goes on with the
right one.
States: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.engine.making import settle_resource
from onebox.services.cloudformation.engine.run import StackRun
from onebox.services.cloudformation.engine.schedule import run_graph
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Leftover, Resource
from onebox.services.cloudformation.template.intrinsics import Scope, evaluate, scalar_text
from onebox.services.cloudformation.template.references import find_imports
from onebox.services.context import Wire


async def create_stack(run: StackRun) -> None:
    """The operation CREATE."""
    blueprint = run.blueprint()
    failed = await _settle_all(run, blueprint)
    if not run.is_current():
        return
    if failed:
        await run.write(
            lambda: _creation_failed(run, f"The following resource(s) failed to create: [{_list(failed)}]. ")
        )
    elif _is_late(run):
        await run.write(lambda: _creation_failed(run, "Stack creation time exceeded the specified timeout. "))
    else:
        await run.write(lambda: _finish_creation(run, blueprint))


async def update_stack(run: StackRun) -> None:
    """The operation UPDATE."""
    blueprint = run.blueprint()
    failed = await _settle_all(run, blueprint)
    if not run.is_current():
        return
    if failed:
        await run.write(lambda: update_failed(run, _update_reason(run, failed)))
    else:
        await run.write(lambda: _finish_update(run, blueprint))


async def _settle_all(run: StackRun, blueprint: Blueprint) -> list[str]:
    async def step(logical_id: str) -> bool:
        return await settle_resource(run, blueprint.resources[logical_id], blueprint)

    waits = {name: set(blueprint.needs[name]) for name in blueprint.resources}
    return await run_graph(waits, step, may_go_on=lambda: run.is_current() and not _is_late(run))


def _is_late(run: StackRun) -> bool:
    minutes = run.stack.settings.timeout_minutes
    if run.operation.kind != "CREATE" or minutes is None:
        return False
    return run.now_ms() > run.operation.started_at_ms + minutes * 60_000


def _finish_creation(run: StackRun, blueprint: Blueprint) -> None:
    try:
        outputs = _settle_outputs(run, blueprint)
    except AwsError as error:
        _creation_failed(run, f"{error.message} ")
        return
    run.journal.stack_moved(run.stack, "CREATE_COMPLETE", operation=None, outputs=outputs)


def _creation_failed(run: StackRun, reason: str) -> None:
    if run.operation.on_failure == "DO_NOTHING":
        run.journal.stack_moved(run.stack, "CREATE_FAILED", reason, operation=None)
        return
    if run.operation.on_failure == "DELETE":
        operation = replace(run.operation, kind="DELETE")
        run.journal.stack_moved(
            run.stack, "DELETE_IN_PROGRESS", f"{reason}Delete requested by user.", operation=operation
        )
        return
    operation = replace(run.operation, kind="CREATE_ROLLBACK")
    reason = f"{reason}Rollback requested by user."
    run.journal.stack_moved(run.stack, "ROLLBACK_IN_PROGRESS", reason, operation=operation)


def _finish_update(run: StackRun, blueprint: Blueprint) -> None:
    try:
        outputs = _settle_outputs(run, blueprint)
    except AwsError as error:
        update_failed(run, error.message)
        return
    wanted = set(blueprint.resources)
    for row in list(run.rows.values()):
        if row.logical_id not in wanted:
            leave(run, row)
        elif row.previous is not None and row.previous.physical_id != row.physical_id:
            leave_previous(run, row)
    run.store.settle_resources(run.stack.stack_id)
    run.journal.stack_moved(
        run.stack,
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        operation=replace(run.operation, kind="UPDATE_CLEANUP"),
        outputs=outputs,
        previous=None,
        updated_at_ms=run.now_ms(),
    )


def update_failed(run: StackRun, reason: str) -> None:
    """Begin the rollback of an update, or stop where it is."""
    if run.operation.on_failure == "DO_NOTHING":
        run.journal.stack_moved(run.stack, "UPDATE_FAILED", reason, operation=None)
        return
    begin_update_rollback(run, reason)


def begin_update_rollback(run: StackRun, reason: str | None) -> None:
    """Turn the running update into its rollback; inside a transaction."""
    assert run.stack.previous is not None
    run.journal.stack_moved(
        run.stack,
        "UPDATE_ROLLBACK_IN_PROGRESS",
        reason,
        operation=replace(run.operation, kind="UPDATE_ROLLBACK"),
        source=run.stack.previous,
        previous=None,
    )


def _update_reason(run: StackRun, failed: list[str]) -> str:
    created = [name for name in failed if run.rows[name].status == "CREATE_FAILED"]
    updated = [name for name in failed if name not in created]
    parts = []
    if created:
        parts.append(f"The following resource(s) failed to create: [{_list(created)}]. ")
    if updated:
        parts.append(f"The following resource(s) failed to update: [{_list(updated)}]. ")
    return "".join(parts)


def leave(run: StackRun, row: Resource) -> None:
    """Turn a resource that the template no longer holds into a leftover; inside a transaction."""
    if row.physical_id is not None:
        retain = row.body.deletion_policy.startswith("Retain")
        run.store.add_leftover(Leftover(row.stack_id, row.logical_id, row.type, row.physical_id, row.body, retain))
    run.store.delete_resource(row.stack_id, row.logical_id)
    run.rows.pop(row.logical_id, None)


def leave_previous(run: StackRun, row: Resource) -> None:
    """Turn what a resource was before its replacement into a leftover; inside a transaction."""
    assert row.previous is not None
    retain = row.body.update_replace_policy == "Retain"
    previous = row.previous
    run.store.add_leftover(
        Leftover(row.stack_id, row.logical_id, previous.type, previous.physical_id, previous.body, retain)
    )


def _settle_outputs(run: StackRun, blueprint: Blueprint) -> tuple[Wire, ...]:
    """Evaluate outputs, take over exports and imports. Raises ValidationError before anything is written."""
    scope, shown_scope = run.scope(blueprint), run.scope(blueprint.masked())
    outputs: list[Wire] = []
    exports: dict[str, str] = {}
    for output in blueprint.outputs.values():
        wire: Wire = {"OutputKey": output.name, "OutputValue": _output_text(output.value, shown_scope, output.name)}
        if output.description is not None:
            wire["Description"] = output.description
        if output.export_name is not None:
            wire["ExportName"] = _output_text(output.export_name, scope, output.name)
            exports[wire["ExportName"]] = _output_text(output.value, scope, output.name)
        outputs.append(wire)
    _check_exports(run, exports)
    run.store.replace_exports(run.stack, exports)
    run.store.replace_imports(run.stack, _imported_names(blueprint, scope))
    return tuple(outputs)


def _output_text(value: Any, scope: Scope, name: str) -> str:
    evaluated = evaluate(value, scope)
    if isinstance(evaluated, (dict, list)) or evaluated is None:
        raise ValidationError(f"Template format error: Output {name} is malformed. The Value field must be a string.")
    return scalar_text(evaluated)


def _check_exports(run: StackRun, exports: dict[str, str]) -> None:
    stack = run.stack
    for name in exports:
        found = run.store.find_export(stack.account, stack.region, name)
        if found is not None and found[1] != stack.stack_id:
            owner = run.store.find_stack(found[1])
            assert owner is not None
            raise ValidationError(f"Export with name {name} is already exported by stack {owner.name}.")
    for name, value in run.store.exports_of(stack.stack_id).items():
        if exports.get(name) == value:
            continue
        importers = run.store.importers(stack.account, stack.region, name)
        if importers:
            verb = "updated" if name in exports else "deleted"
            raise ValidationError(f"Export {name} cannot be {verb} as it is in use by {' and '.join(importers)}")


def _imported_names(blueprint: Blueprint, scope: Scope) -> set[str]:
    values = [dict(declaration.properties) for declaration in blueprint.resources.values()]
    values += [{"Value": output.value} for output in blueprint.outputs.values()]
    arguments = [argument for value in values for argument in find_imports(value, scope.conditions)]
    return {str(evaluate(argument, scope)) for argument in arguments}


def restore_imports(run: StackRun, blueprint: Blueprint) -> None:
    """Take back the imports of the source that a rollback returned to; inside a transaction."""
    run.store.replace_imports(run.stack, _imported_names(blueprint, run.scope(blueprint)))


def _list(names: list[str]) -> str:
    return ", ".join(names)
