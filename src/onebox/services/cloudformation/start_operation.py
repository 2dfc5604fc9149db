"""Starting work on a stack: the transactions that give a stack an operation. The supervisor does the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from onebox.arn import make_arn
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.changes import decide_changes
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.deploy.cleanup import schedule_cleanup, schedule_replaced
from onebox.services.cloudformation.deploy.rollback import restored
from onebox.services.cloudformation.deploy.run import import_value
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Operation, Source, Stack, StackSettings
from onebox.services.cloudformation.stack_source import Draft
from onebox.services.cloudformation.states import RESOURCE_STATES, OperationKind, StackTrigger, stack_allows
from onebox.services.cloudformation.template.document import parse_template
from onebox.services.context import RequestContext, Wire

StackT = TypeVar("StackT", bound="Stack | None")


def new_stack_id(core: Core, context: RequestContext, name: str) -> str:
    """The ARN of a new stack."""
    return make_arn("cloudformation", context.region, context.account, f"stack/{name}/{core.deps.ids.uuid()}")


def new_operation(
    core: Core, context: RequestContext, kind: str, request: Wire, on_failure: str = "ROLLBACK"
) -> Operation:
    """An operation that begins now."""
    return Operation(
        kind=kind,
        token=core.deps.ids.uuid(),
        started_at_ms=core.deps.clock.steady_ms(),
        client_token=request.get("ClientRequestToken"),
        on_failure=on_failure,
    )


async def write_operation(core: Core, begin: Callable[[], StackT]) -> StackT:
    """Give a stack an operation, in a transaction. The work starts when that is on disk, also if the client has hung up
    meanwhile. ``begin`` returns the stack, or None if there is nothing to do."""

    def job() -> StackT:
        stack = begin()
        if stack is not None:
            stack_id = stack.stack_id
            core.deps.storage.after_commit(lambda: core.supervisor.kick(stack_id))
        return stack

    return await core.deps.storage.write(job)


async def wait_a_moment(core: Core, stack: Stack) -> None:
    """Wait a moment for the end of the work before the caller is answered."""
    await core.supervisor.wait_until_idle(stack.stack_id, core.deps.clock.steady_ms() + limits.ANSWER_WAIT_MS)


def begin_creation(core: Core, context: RequestContext, stack: Stack, request: Wire, on_failure: str) -> Stack:
    """Start the creation of a stack that is new or under review; inside a transaction."""
    operation = new_operation(core, context, OperationKind.CREATE, request, on_failure)
    return core.journal.move_stack(stack, StackTrigger.CREATE, "User Initiated", operation=operation)


def kept_settings(stack: Stack, asked: StackSettings) -> StackSettings:
    """The settings of an update: those that only a creation or an operation of their own sets stay."""
    kept = stack.settings
    return replace(
        asked,
        on_failure=kept.on_failure,
        role_arn=asked.role_arn or kept.role_arn,
        timeout_minutes=kept.timeout_minutes,
        termination_protection=kept.termination_protection,
        policy=kept.policy,
        parent_id=kept.parent_id,
        root_id=kept.root_id,
        depth=kept.depth,
    )


def check_updatable(stack: Stack) -> None:
    """Raise ValidationError unless the stack may be updated now."""
    if not stack_allows(stack.status, StackTrigger.UPDATE):
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


def begin_update(
    core: Core,
    context: RequestContext,
    stack: Stack,
    request: Wire,
    *,
    source: Source,
    settings: StackSettings,
    disable_rollback: bool,
    change_set_id: str | None = None,
) -> Stack:
    """Start the update to ``source``; inside a transaction."""
    _resolve_failed_update(core, stack)
    core.store.change_sets.delete_of_stack(stack.stack_id, but=change_set_id)
    on_failure = "DO_NOTHING" if disable_rollback else "ROLLBACK"
    return core.journal.move_stack(
        stack,
        StackTrigger.UPDATE,
        "User Initiated",
        operation=new_operation(core, context, OperationKind.UPDATE, request, on_failure),
        source=source,
        previous=stack.previous or stack.source,
        settings=settings,
        updated_at_ms=context.now_ms,
        change_set_id=change_set_id or stack.change_set_id,
    )


def _resolve_failed_update(core: Core, stack: Stack) -> None:
    """After an operation that failed and was not rolled back: keep what it completed, undo what it did not."""
    for row in core.store.resources.of_stack(stack.stack_id):
        state = RESOURCE_STATES[row.status]
        if not state.exists:
            schedule_cleanup(core.store, row, row.snapshot())
            core.store.resources.delete(row.stack_id, row.logical_id)
        elif row.previous is not None and state.is_stable:
            schedule_replaced(core.store, row, retain=row.body.update_replace_policy == "Retain")
            core.store.resources.save(replace(row, previous=None))
        elif row.previous is not None:
            if row.physical_id != row.previous.physical_id:
                schedule_cleanup(core.store, row, row.snapshot())
            core.store.resources.save(restored(row))


async def find_changes(core: Core, stack: Stack, wanted: Draft) -> list[Wire]:
    """What ``wanted`` would change in the stack. Raises ValidationError."""
    rows = {row.logical_id: row for row in core.store.resources.of_stack(stack.stack_id)}
    exports = core.store.exports.values(stack.account, stack.region)

    def work() -> list[Wire]:
        return decide_changes(
            wanted.blueprint,
            core.types,
            old_template=parse_template(stack.source.template) if stack.source.template else None,
            old_parameters=stack.source.values,
            new_parameters=wanted.source.values,
            resources={name: row for name, row in rows.items() if not RESOURCE_STATES[row.status].failed_create},
            tags_changed=stack.source.tags != wanted.source.tags,
            import_value=lambda name: import_value(exports, name),
        )

    return await core.workbench.run(work)


async def outputs_changed(core: Core, stack: Stack, wanted: Draft) -> bool:
    """Whether the outputs' declarations or the parameters behind them differ."""
    old = await core.workbench.run(lambda: parse_template(stack.source.template))
    same_outputs = dict(old.outputs) == dict(wanted.template.outputs)
    same_parameters = stack.source.values == wanted.source.values
    return not same_outputs or not (same_parameters or not wanted.template.outputs)


def is_unchanged(core: Core, stack: Stack) -> bool:
    """Whether the stack is still as it was read. What was prepared outside a transaction counts only then."""
    return core.store.stacks.find(stack.stack_id) == stack
