"""Beginning work on a stack: the transactions that put a stack into an operation. The supervisor does the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onebox.arn import make_arn
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.changes import decide_changes
from onebox.services.cloudformation.engine.run import import_value
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Leftover, Operation, Source, Stack, StackSettings
from onebox.services.cloudformation.operations.source import Draft
from onebox.services.cloudformation.resources.types import ResourceType
from onebox.services.cloudformation.template.document import Template, parse_template
from onebox.services.context import RequestContext, Wire

if TYPE_CHECKING:
    from onebox.services.cloudformation.service import CloudFormation

UPDATABLE = frozenset(
    ["CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"]
)


def new_stack_id(cfn: CloudFormation, context: RequestContext, name: str) -> str:
    """The ARN of a new stack."""
    return make_arn("cloudformation", context.region, context.account, f"stack/{name}/{cfn.deps.ids.uuid()}")


def new_operation(
    cfn: CloudFormation, context: RequestContext, kind: str, request: Wire, on_failure: str = "ROLLBACK"
) -> Operation:
    """An operation that begins now."""
    return Operation(
        kind=kind,
        token=cfn.deps.ids.uuid(),
        started_at_ms=context.now_ms,
        client_token=request.get("ClientRequestToken"),
        on_failure=on_failure,
    )


async def answer_when_settled(cfn: CloudFormation, stack: Stack) -> None:
    """Start the work, and give it a moment to be done before the caller is answered."""
    cfn.supervisor.kick(stack.stack_id)
    await cfn.supervisor.settle(stack.stack_id, cfn.deps.clock.now_ms() + limits.SETTLE_MS)


def begin_creation(cfn: CloudFormation, context: RequestContext, stack: Stack, request: Wire, on_failure: str) -> Stack:
    """CREATE_IN_PROGRESS for a stack that is new or under review; inside a transaction."""
    operation = new_operation(cfn, context, "CREATE", request, on_failure)
    return cfn.journal.stack_moved(stack, "CREATE_IN_PROGRESS", "User Initiated", operation=operation)


def check_updatable(stack: Stack) -> None:
    """Raise ValidationError unless the stack may be updated now."""
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


def begin_update(
    cfn: CloudFormation,
    context: RequestContext,
    stack: Stack,
    source: Source,
    settings: StackSettings,
    request: Wire,
    *,
    disable_rollback: bool,
    change_set_id: str | None = None,
) -> Stack:
    """UPDATE_IN_PROGRESS towards ``source``; inside a transaction."""
    _settle_failed_update(cfn, stack)
    cfn.store.delete_change_sets(stack.stack_id, but=change_set_id)
    on_failure = "DO_NOTHING" if disable_rollback else "ROLLBACK"
    return cfn.journal.stack_moved(
        stack,
        "UPDATE_IN_PROGRESS",
        "User Initiated",
        operation=new_operation(cfn, context, "UPDATE", request, on_failure),
        source=source,
        previous=stack.previous or stack.source,
        settings=settings,
        updated_at_ms=context.now_ms,
        change_set_id=change_set_id or stack.change_set_id,
    )


def _settle_failed_update(cfn: CloudFormation, stack: Stack) -> None:
    """Where an earlier operation failed and was not rolled back: keep what it achieved, forget what it did not."""
    for row in cfn.store.list_resources(stack.stack_id):
        previous = row.previous
        if row.status == "CREATE_FAILED":
            if row.physical_id is not None:
                leftover = Leftover(row.stack_id, row.logical_id, row.type, row.physical_id, row.body, retain=False)
                cfn.store.add_leftover(leftover)
            cfn.store.delete_resource(row.stack_id, row.logical_id)
        elif previous is None:
            continue
        elif row.status == "UPDATE_COMPLETE":
            if previous.physical_id != row.physical_id:
                retain = row.body.update_replace_policy == "Retain"
                cfn.store.add_leftover(
                    Leftover(row.stack_id, row.logical_id, previous.type, previous.physical_id, previous.body, retain)
                )
            cfn.store.save_resource(replace(row, previous=None))
        else:
            if row.physical_id is not None and row.physical_id != previous.physical_id:
                leftover = Leftover(row.stack_id, row.logical_id, row.type, row.physical_id, row.body, retain=False)
                cfn.store.add_leftover(leftover)
            cfn.store.save_resource(
                replace(
                    row,
                    name=previous.name,
                    physical_id=previous.physical_id,
                    created_in=previous.created_in,
                    body=previous.body,
                    previous=None,
                )
            )


def find_changes(cfn: CloudFormation, stack: Stack, wanted: Draft) -> list[Wire]:
    """What ``wanted`` would change in the stack."""
    old_template: Template | None = parse_template(stack.source.template) if stack.source.template else None
    types: dict[str, ResourceType] = dict(cfn.types)
    rows = {row.logical_id: row for row in cfn.store.list_resources(stack.stack_id)}
    return decide_changes(
        wanted.blueprint,
        types,
        old_template=old_template,
        old_parameters=stack.source.parameters,
        new_parameters=wanted.source.parameters,
        resources={name: row for name, row in rows.items() if row.status != "CREATE_FAILED"},
        tags_changed=stack.source.tags != wanted.source.tags,
        import_value=lambda name: import_value(cfn.store, stack, name),
    )


def outputs_changed(cfn: CloudFormation, stack: Stack, wanted: Draft) -> bool:
    """Whether the outputs' declarations or the parameters behind them differ."""
    old = parse_template(stack.source.template)
    same_outputs = dict(old.outputs) == dict(wanted.template.outputs)
    same_parameters = stack.source.parameters == wanted.source.parameters
    return not same_outputs or not (same_parameters or not wanted.template.outputs)
