"""CreateStack, UpdateStack, DeleteStack, DescribeStacks, ListStacks.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.choices import check_choice, check_choices
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.deploy.cleanup import schedule_replaced
from onebox.services.cloudformation.errors import AlreadyExistsException, ValidationError
from onebox.services.cloudformation.lookup import find_stack, load_stack, page_start
from onebox.services.cloudformation.model import Stack, StackSettings
from onebox.services.cloudformation.stack_source import (
    Draft,
    caller_settings,
    check_role,
    check_stack_name,
    draft,
    settings_from_request,
)
from onebox.services.cloudformation.start_operation import (
    begin_creation,
    begin_update,
    check_updatable,
    find_changes,
    is_unchanged,
    kept_settings,
    new_operation,
    new_stack_id,
    outputs_changed,
    wait_a_moment,
    write_operation,
)
from onebox.services.cloudformation.states import (
    NEW,
    STACK_STATES,
    STACK_STATUSES,
    OperationKind,
    StackTrigger,
    stack_allows,
)
from onebox.services.cloudformation.template_text import load_policy_text
from onebox.services.cloudformation.views import show_stack, show_stack_summary, without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token
from onebox.services.registry import Operation, OperationTable, WaitingOperation

_DELETION_MODES = ("STANDARD", "FORCE_DELETE_STACK")
_FORGOTTEN_AT_ONCE = 5
"""Expired deleted stacks that a creation removes: more than it adds, so their number stays bounded."""


async def create_stack(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Begin to create a stack. Raises ValidationError, AlreadyExistsException, InsufficientCapabilitiesException."""
    name = request["StackName"]
    check_stack_name(name)
    policy = await load_policy_text(core, context, request)
    settings = settings_from_request(core, context, request, policy)
    settings = _nested(core, context, request, settings)
    stack_id = new_stack_id(core, context, name)
    wanted = await draft(core, context, request, stack_id=stack_id, name=name, previous=None)
    stack = Stack(
        stack_id=stack_id,
        account=context.account,
        region=context.region,
        name=name,
        status=NEW,
        created_at_ms=context.now_ms,
        source=wanted.source,
        settings=settings,
    )
    created = await write_operation(core, lambda: _create(core, context, stack, request))
    await wait_a_moment(core, created)
    return {"StackId": created.stack_id}


def _nested(core: Core, context: RequestContext, request: Wire, settings: StackSettings) -> StackSettings:
    """The settings of a nested stack. ``ParentId`` is no member of the API: only CloudFormation itself gives it."""
    parent_id = request.get("ParentId")
    parent = None if parent_id is None else core.store.stacks.find(parent_id)
    if parent is None:
        return settings
    root_id = parent.settings.root_id or parent.stack_id
    depth = parent.settings.depth + 1
    if depth > limits.NESTED_DEPTH_MAX:
        raise ValidationError(f"Stacks can be nested {limits.NESTED_DEPTH_MAX} levels deep.")
    if core.store.stacks.count_nested(context.account, context.region, root_id) >= limits.NESTED_STACKS_MAX:
        raise ValidationError(f"At most {limits.NESTED_STACKS_MAX} stacks can be nested within one stack.")
    return replace(settings, parent_id=parent.stack_id, root_id=root_id, depth=depth)


def _create(core: Core, context: RequestContext, stack: Stack, request: Wire) -> Stack:
    core.store.forget_deleted_stacks(core.deps.clock.trusted_ms() - limits.DELETED_STACK_MS, _FORGOTTEN_AT_ONCE)
    if core.store.stacks.find_by_name(context.account, context.region, stack.name) is not None:
        raise AlreadyExistsException(f"Stack [{stack.name}] already exists")
    return begin_creation(core, context, stack, request, stack.settings.on_failure)


async def update_stack(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Begin to update a stack. Raises ValidationError, InsufficientCapabilitiesException."""
    policy = await load_policy_text(core, context, request)
    updated = None
    while updated is None:  # once more if the stack changed meanwhile
        updated = await _try_update(core, context, request, policy)
    await wait_a_moment(core, updated)
    return {"StackId": updated.stack_id}


async def _try_update(core: Core, context: RequestContext, request: Wire, policy: str | None) -> Stack | None:
    """Prepare the update and begin it; None if the stack changed between the two."""
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    check_updatable(stack)
    # DisableRollback of an update is about this update only; the stack keeps its OnFailure.
    without = {name: value for name, value in request.items() if name != "DisableRollback"}
    asked = settings_from_request(core, context, without, policy)
    wanted = await draft(core, context, request, stack_id=stack.stack_id, name=stack.name, previous=stack.source)
    await _refuse_without_changes(core, stack, wanted)
    settings = replace(kept_settings(stack, asked), policy=asked.policy or stack.settings.policy)

    def begin() -> Stack | None:
        if not is_unchanged(core, stack):
            return None
        disable = bool(request.get("DisableRollback"))
        return begin_update(
            core, context, stack, request, source=wanted.source, settings=settings, disable_rollback=disable
        )

    return await write_operation(core, begin)


async def _refuse_without_changes(core: Core, stack: Stack, wanted: Draft) -> None:
    changes = await find_changes(core, stack, wanted)
    old, new = stack.source, wanted.source
    if changes or STACK_STATES[stack.status].is_failed:
        return
    if new.tags != old.tags or new.notification_arns != old.notification_arns:
        return
    if not await outputs_changed(core, stack, wanted):
        raise ValidationError("No updates are to be performed.")


async def delete_stack(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Begin to delete a stack; one that does not exist is deleted already. Raises ValidationError."""
    check_choice("deletionMode", request.get("DeletionMode", "STANDARD"), _DELETION_MODES)
    stack = await write_operation(core, lambda: _delete(core, context, request))
    if stack is not None:
        await wait_a_moment(core, stack)
    return {}


def _delete(core: Core, context: RequestContext, request: Wire) -> Stack | None:
    stack = find_stack(core, context, request["StackName"])
    if stack is None or STACK_STATES[stack.status].is_deleted or _is_being_deleted(stack):
        return None
    retain = tuple(request.get("RetainResources", []))
    if stack.settings.termination_protection:
        raise ValidationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    if not stack_allows(stack.status, StackTrigger.DELETE):
        raise ValidationError(f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
    if retain and not _failed_deletion(stack):
        raise ValidationError(
            f"Invalid operation on stack [{stack.stack_id}]. When you delete a stack, specify which resources to "
            "retain only when the stack is in the DELETE_FAILED state."
        )
    _clean_up_replaced(core, stack)
    role_arn = check_role(core, context, request) or stack.settings.role_arn
    force = request.get("DeletionMode") == "FORCE_DELETE_STACK"
    operation = replace(new_operation(core, context, OperationKind.DELETE, request), retain=retain, force=force)
    settings = replace(
        stack.settings,
        **caller_settings(context.principal),
        role_arn=role_arn,
    )
    reason = "User Initiated"
    return core.journal.move_stack(stack, StackTrigger.DELETE, reason, operation=operation, settings=settings)


def _is_being_deleted(stack: Stack) -> bool:
    return STACK_STATES[stack.status].operation == OperationKind.DELETE


def _failed_deletion(stack: Stack) -> bool:
    last = stack.last_operation
    return STACK_STATES[stack.status].is_failed and last is not None and last.kind == OperationKind.DELETE


def _clean_up_replaced(core: Core, stack: Stack) -> None:
    """After an update that failed and was not rolled back, replaced resources still exist beside the new ones."""
    for row in core.store.resources.of_stack(stack.stack_id):
        if row.previous is not None and row.previous.physical_id != row.physical_id:
            schedule_replaced(core.store, row, retain=False)
            core.store.resources.save(replace(row, previous=None))


def describe_stacks(core: Core, context: RequestContext, request: Wire) -> Wire:
    """One stack by name or id, or all that are not deleted."""
    name = request.get("StackName")
    if name:
        return {"Stacks": [show_stack(load_stack(core, context, name))]}
    start = page_start(request)
    stacks, more = core.store.stacks.page(context.account, context.region, start, deleted=False)
    token = make_token(start + len(stacks)) if more else None
    return without_none({"Stacks": [show_stack(stack) for stack in stacks], "NextToken": token})


def list_stacks(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Summaries of all stacks, deleted ones too, the newest first."""
    wanted = set(request.get("StackStatusFilter", []))
    check_choices("stackStatusFilter", request.get("StackStatusFilter", []), STACK_STATUSES)
    start = page_start(request)
    stacks, more = core.store.stacks.page(context.account, context.region, start, deleted=True)
    shown = [show_stack_summary(stack) for stack in stacks if not wanted or stack.status in wanted]
    token = make_token(start + len(stacks)) if more else None
    return without_none({"StackSummaries": shown, "NextToken": token})


STACK_OPERATIONS: OperationTable[Core] = {
    "CreateStack": WaitingOperation(create_stack),
    "UpdateStack": WaitingOperation(update_stack),
    "DeleteStack": WaitingOperation(delete_stack),
    "DescribeStacks": Operation(describe_stacks, reads_only=True),
    "ListStacks": Operation(list_stacks, reads_only=True),
}
