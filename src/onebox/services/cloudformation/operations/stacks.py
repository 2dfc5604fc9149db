"""CreateStack, UpdateStack, DeleteStack, DescribeStacks, ListStacks.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.errors import AlreadyExistsException, ValidationError
from onebox.services.cloudformation.model import Leftover, Stack
from onebox.services.cloudformation.operations.lookup import find_stack, load_stack, next_page, page_start
from onebox.services.cloudformation.operations.source import (
    check_role_arn,
    check_stack_name,
    draft,
    settings_from_request,
)
from onebox.services.cloudformation.operations.starting import (
    answer_when_settled,
    begin_creation,
    begin_update,
    check_updatable,
    find_changes,
    new_operation,
    new_stack_id,
    outputs_changed,
)
from onebox.services.cloudformation.views import show_stack, show_stack_summary, without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation

if TYPE_CHECKING:
    from onebox.services.cloudformation.service import CloudFormation

_FORGOTTEN_AT_ONCE = 5
"""Deleted stacks past their time that a creation sweeps away: more than it adds, so that they never pile up."""
_UNDELETABLE = frozenset(
    [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    ]
)


async def create_stack(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Begin to create a stack. Raises ValidationError, AlreadyExistsException, InsufficientCapabilitiesException."""
    stack = await cfn.deps.storage.write(lambda: _create(cfn, context, request))
    await answer_when_settled(cfn, stack)
    return {"StackId": stack.stack_id}


def _create(cfn: CloudFormation, context: RequestContext, request: Wire) -> Stack:
    name = request["StackName"]
    check_stack_name(name)
    settings = settings_from_request(context, request)
    stack_id = new_stack_id(cfn, context, name)
    wanted = draft(cfn, context, request, stack_id, name, None)
    cfn.store.forget_stacks(context.now_ms - limits.DELETED_STACK_MS, _FORGOTTEN_AT_ONCE)
    if cfn.store.find_stack_by_name(context.account, context.region, name) is not None:
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack = Stack(
        stack_id=stack_id,
        account=context.account,
        region=context.region,
        name=name,
        status="CREATE_IN_PROGRESS",
        created_at_ms=context.now_ms,
        source=wanted.source,
        settings=settings,
    )
    return begin_creation(cfn, context, stack, request, settings.on_failure)


async def update_stack(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Begin to update a stack. Raises ValidationError, InsufficientCapabilitiesException."""
    stack = await cfn.deps.storage.write(lambda: _update(cfn, context, request))
    await answer_when_settled(cfn, stack)
    return {"StackId": stack.stack_id}


def _update(cfn: CloudFormation, context: RequestContext, request: Wire) -> Stack:
    stack = load_stack(cfn, context, request["StackName"], "Stack [{}] does not exist")
    check_updatable(stack)
    # DisableRollback of an update is about this update only; the stack keeps its OnFailure.
    asked = settings_from_request(context, {k: v for k, v in request.items() if k != "DisableRollback"})
    wanted = draft(cfn, context, request, stack.stack_id, stack.name, stack.source)
    unchanged = not find_changes(cfn, stack, wanted) and not outputs_changed(cfn, stack, wanted)
    same_targets = wanted.source.notification_arns == stack.source.notification_arns
    if unchanged and same_targets and wanted.source.tags == stack.source.tags and "FAILED" not in stack.status:
        raise ValidationError("No updates are to be performed.")
    settings = replace(
        asked,
        on_failure=stack.settings.on_failure,
        role_arn=asked.role_arn or stack.settings.role_arn,
        timeout_minutes=stack.settings.timeout_minutes,
        termination_protection=stack.settings.termination_protection,
        policy=asked.policy or stack.settings.policy,
    )
    disable = bool(request.get("DisableRollback"))
    return begin_update(cfn, context, stack, wanted.source, settings, request, disable_rollback=disable)


async def delete_stack(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Begin to delete a stack; one that does not exist is deleted already. Raises ValidationError."""
    stack = await cfn.deps.storage.write(lambda: _delete(cfn, context, request))
    if stack is not None:
        await answer_when_settled(cfn, stack)
    return {}


def _delete(cfn: CloudFormation, context: RequestContext, request: Wire) -> Stack | None:
    stack = find_stack(cfn, context, request["StackName"])
    if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
        return None
    retain = tuple(request.get("RetainResources", []))
    if stack.settings.termination_protection:
        raise ValidationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    if stack.status in _UNDELETABLE:
        raise ValidationError(f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
    if retain and stack.status != "DELETE_FAILED":
        raise ValidationError(
            f"Invalid operation on stack [{stack.stack_id}]. When you delete a stack, specify which resources to "
            "retain only when the stack is in the DELETE_FAILED state."
        )
    _leave_replaced(cfn, stack)
    role_arn = check_role_arn(request.get("RoleARN")) or stack.settings.role_arn
    force = request.get("DeletionMode") == "FORCE_DELETE_STACK"
    operation = replace(new_operation(cfn, context, "DELETE", request), retain=retain, force=force)
    settings = replace(
        stack.settings,
        principal_account=context.principal.account,
        principal_arn=context.principal.arn,
        principal_user_id=context.principal.user_id,
        principal_role_name=context.principal.role_name,
        role_arn=role_arn,
    )
    reason = "User Initiated"
    return cfn.journal.stack_moved(stack, "DELETE_IN_PROGRESS", reason, operation=operation, settings=settings)


def _leave_replaced(cfn: CloudFormation, stack: Stack) -> None:
    """After an update that failed half-way, what was replaced still exists beside its successor."""
    for row in cfn.store.list_resources(stack.stack_id):
        previous = row.previous
        if previous is not None and previous.physical_id != row.physical_id:
            cfn.store.add_leftover(
                Leftover(row.stack_id, row.logical_id, previous.type, previous.physical_id, previous.body, retain=False)
            )
            cfn.store.save_resource(replace(row, previous=None))


def describe_stacks(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """One stack by name or id, or all that are not deleted."""
    name = request.get("StackName")
    if name:
        return {"Stacks": [show_stack(load_stack(cfn, context, name))]}
    start = page_start(request)
    stacks = cfn.store.list_stacks(context.account, context.region, start, limits.PAGE_ITEMS + 1, deleted=False)
    shown = [show_stack(stack) for stack in stacks[: limits.PAGE_ITEMS]]
    return without_none({"Stacks": shown, "NextToken": next_page(start, len(stacks))})


def list_stacks(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Summaries of all stacks, deleted ones too, the newest first."""
    wanted = set(request.get("StackStatusFilter", []))
    start = page_start(request)
    stacks = cfn.store.list_stacks(context.account, context.region, start, limits.PAGE_ITEMS + 1, deleted=True)
    shown = [show_stack_summary(stack) for stack in stacks[: limits.PAGE_ITEMS] if not wanted or stack.status in wanted]
    return without_none({"StackSummaries": shown, "NextToken": next_page(start, len(stacks))})


STACK_OPERATIONS: OperationTable[CloudFormation] = {
    "CreateStack": WaitingOperation(create_stack),
    "UpdateStack": WaitingOperation(update_stack),
    "DeleteStack": WaitingOperation(delete_stack),
    "DescribeStacks": Operation(describe_stacks, reads_only=True),
    "ListStacks": Operation(list_stacks, reads_only=True),
}
