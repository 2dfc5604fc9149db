"""RollbackStack, CancelUpdateStack, ContinueUpdateRollback.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.lookup import load_stack
from onebox.services.cloudformation.model import Stack
from onebox.services.cloudformation.stack_source import check_role
from onebox.services.cloudformation.start_operation import new_operation, wait_a_moment, write_operation
from onebox.services.cloudformation.states import RESOURCE_STATES, OperationKind, StackTrigger, stack_allows
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation


def cancel_update_stack(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Turn a running update into its rollback."""
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    if not stack_allows(stack.status, StackTrigger.CANCEL) or stack.operation is None or stack.previous is None:
        raise ValidationError(f"CancelUpdateStack cannot be called from current stack status {stack.status}")
    core.journal.move_stack(
        stack,
        StackTrigger.CANCEL,
        "User Initiated",
        operation=replace(stack.operation, client_token=request.get("ClientRequestToken")),
        source=stack.previous,
        previous=None,
    )
    core.deps.storage.after_commit(lambda: core.supervisor.kick(stack.stack_id))
    return {}


async def continue_update_rollback(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Retry a failed rollback without ``ResourcesToSkip``."""
    stack = await write_operation(core, lambda: _continue(core, context, request))
    await wait_a_moment(core, stack)
    return {}


def _continue(core: Core, context: RequestContext, request: Wire) -> Stack:
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    if not stack_allows(stack.status, StackTrigger.CONTINUE):
        raise ValidationError(
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be continued rolling back, the stack is "
            "required to be in UPDATE_ROLLBACK_FAILED state."
        )
    rows = {row.logical_id: row for row in core.store.resources.of_stack(stack.stack_id)}
    skip = tuple(request.get("ResourcesToSkip", []))
    unknown = [name for name in skip if name not in rows or not RESOURCE_STATES[rows[name].status].failed_update]
    if unknown:
        raise ValidationError(
            f"ResourcesToSkip can only contain resources in UPDATE_FAILED state: [{', '.join(unknown)}]"
        )
    operation = replace(new_operation(core, context, OperationKind.UPDATE_ROLLBACK, request), skip=skip)
    role_arn = check_role(core, context, request) or stack.settings.role_arn
    return core.journal.move_stack(
        stack,
        StackTrigger.CONTINUE,
        "User Initiated",
        operation=operation,
        settings=replace(stack.settings, role_arn=role_arn),
    )


async def rollback_stack(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Roll back a failed operation that was not rolled back (DisableRollback, OnFailure=DO_NOTHING)."""
    stack = await write_operation(core, lambda: _roll_back(core, context, request))
    await wait_a_moment(core, stack)
    return {"StackId": stack.stack_id}


def _roll_back(core: Core, context: RequestContext, request: Wire) -> Stack:
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    retain_except = bool(request.get("RetainExceptOnCreate"))
    role_arn = check_role(core, context, request) or stack.settings.role_arn
    settings = replace(stack.settings, role_arn=role_arn, retain_except_on_create=retain_except)
    if not stack_allows(stack.status, StackTrigger.ROLL_BACK):
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back.")
    if stack.previous is None or stack.last_operation is None:
        operation = new_operation(core, context, OperationKind.CREATE_ROLLBACK, request)
        return core.journal.move_stack(
            stack, StackTrigger.ROLL_BACK, "User Initiated", operation=operation, settings=settings
        )
    # The failed update's own token identifies the resources that it added.
    client_token = request.get("ClientRequestToken")
    return core.journal.move_stack(
        stack,
        StackTrigger.ROLL_BACK,
        "User Initiated",
        operation=replace(stack.last_operation, client_token=client_token),
        source=stack.previous,
        previous=None,
        settings=settings,
    )


ROLLBACK_OPERATIONS: OperationTable[Core] = {
    "RollbackStack": WaitingOperation(rollback_stack),
    "CancelUpdateStack": Operation(cancel_update_stack),
    "ContinueUpdateRollback": WaitingOperation(continue_update_rollback),
}
