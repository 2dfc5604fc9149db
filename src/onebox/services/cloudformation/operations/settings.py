"""Stack policy, termination protection, and taking back or continuing what is under way.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Stack
from onebox.services.cloudformation.operations.lookup import load_stack
from onebox.services.cloudformation.operations.source import check_length, check_role_arn
from onebox.services.cloudformation.operations.starting import answer_when_settled, new_operation
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation

if TYPE_CHECKING:
    from onebox.services.cloudformation.service import CloudFormation


def set_stack_policy(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Keep a stack policy."""
    stack = load_stack(cfn, context, request["StackName"], "Stack [{}] does not exist")
    body = request.get("StackPolicyBody")
    if body is None:
        raise ValidationError("You must specify either StackPolicyBody or StackPolicyURL")
    check_length(body, "stackPolicyBody", limits.STACK_POLICY_BYTES)
    try:
        policy = json.loads(body)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise ValidationError("Error validating stack policy: Invalid stack policy")
    cfn.store.save_stack(replace(stack, settings=replace(stack.settings, policy=body)))
    return {}


def get_stack_policy(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """The stack policy, if there is one."""
    stack = load_stack(cfn, context, request["StackName"], "Stack [{}] does not exist")
    return {} if stack.settings.policy is None else {"StackPolicyBody": stack.settings.policy}


def update_termination_protection(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Protect the stack from deletion, or no longer."""
    stack = load_stack(cfn, context, request["StackName"], "Stack '{}' does not exist")
    protected = bool(request["EnableTerminationProtection"])
    cfn.store.save_stack(replace(stack, settings=replace(stack.settings, termination_protection=protected)))
    return {"StackId": stack.stack_id}


def cancel_update_stack(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Turn a running update into its rollback."""
    stack = load_stack(cfn, context, request["StackName"], "Stack [{}] does not exist")
    if stack.status != "UPDATE_IN_PROGRESS" or stack.operation is None or stack.previous is None:
        raise ValidationError(f"CancelUpdateStack cannot be called from current stack status {stack.status}")
    cfn.journal.stack_moved(
        stack,
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "User Initiated",
        operation=replace(stack.operation, kind="UPDATE_ROLLBACK", client_token=request.get("ClientRequestToken")),
        source=stack.previous,
        previous=None,
    )
    cfn.deps.storage.after_commit(lambda: cfn.supervisor.kick(stack.stack_id))
    return {}


async def continue_update_rollback(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Try a failed rollback again, leaving out ``ResourcesToSkip``."""
    stack = await cfn.deps.storage.write(lambda: _continue(cfn, context, request))
    await answer_when_settled(cfn, stack)
    return {}


def _continue(cfn: CloudFormation, context: RequestContext, request: Wire) -> Stack:
    stack = load_stack(cfn, context, request["StackName"], "Stack [{}] does not exist")
    if stack.status != "UPDATE_ROLLBACK_FAILED":
        raise ValidationError(
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be continued rolling back, the stack is "
            "required to be in UPDATE_ROLLBACK_FAILED state."
        )
    rows = {row.logical_id: row for row in cfn.store.list_resources(stack.stack_id)}
    skip = tuple(request.get("ResourcesToSkip", []))
    unknown = [name for name in skip if name not in rows or rows[name].status != "UPDATE_FAILED"]
    if unknown:
        raise ValidationError(
            f"ResourcesToSkip can only contain resources in UPDATE_FAILED state: [{', '.join(unknown)}]"
        )
    operation = replace(new_operation(cfn, context, "UPDATE_ROLLBACK", request), skip=skip)
    role_arn = check_role_arn(request.get("RoleARN")) or stack.settings.role_arn
    return cfn.journal.stack_moved(
        stack,
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "User Initiated",
        operation=operation,
        settings=replace(stack.settings, role_arn=role_arn),
    )


async def rollback_stack(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Roll back what failed and was left as it was (DisableRollback, OnFailure=DO_NOTHING)."""
    stack = await cfn.deps.storage.write(lambda: _roll_back(cfn, context, request))
    await answer_when_settled(cfn, stack)
    return {"StackId": stack.stack_id}


def _roll_back(cfn: CloudFormation, context: RequestContext, request: Wire) -> Stack:
    stack = load_stack(cfn, context, request["StackName"], "Stack [{}] does not exist")
    retain_except = bool(request.get("RetainExceptOnCreate"))
    role_arn = check_role_arn(request.get("RoleARN")) or stack.settings.role_arn
    settings = replace(stack.settings, role_arn=role_arn, retain_except_on_create=retain_except)
    if stack.status == "CREATE_FAILED":
        operation = new_operation(cfn, context, "CREATE_ROLLBACK", request)
        return cfn.journal.stack_moved(
            stack, "ROLLBACK_IN_PROGRESS", "User Initiated", operation=operation, settings=settings
        )
    if stack.status != "UPDATE_FAILED" or stack.previous is None or stack.last_operation is None:
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back.")
    # With the failed update's own token: it tells what that update added.
    client_token = request.get("ClientRequestToken")
    return cfn.journal.stack_moved(
        stack,
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "User Initiated",
        operation=replace(stack.last_operation, kind="UPDATE_ROLLBACK", client_token=client_token),
        source=stack.previous,
        previous=None,
        settings=settings,
    )


SETTINGS_OPERATIONS: OperationTable[CloudFormation] = {
    "RollbackStack": WaitingOperation(rollback_stack),
    "SetStackPolicy": Operation(set_stack_policy),
    "GetStackPolicy": Operation(get_stack_policy, reads_only=True),
    "UpdateTerminationProtection": Operation(update_termination_protection),
    "CancelUpdateStack": Operation(cancel_update_stack),
    "ContinueUpdateRollback": WaitingOperation(continue_update_rollback),
}
