"""SetStackPolicy, GetStackPolicy, UpdateTerminationProtection.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.lookup import load_stack
from onebox.services.cloudformation.template_text import load_policy_text
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation
from onebox.text.documents import parse_object


async def set_stack_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Store a stack policy."""
    body = await load_policy_text(core, context, request)
    if body is None:
        raise ValidationError("You must specify either StackPolicyBody or StackPolicyURL")
    try:
        parse_object(body, bytes_max=limits.STACK_POLICY_BYTES)
    except ValueError:
        raise ValidationError("Error validating stack policy: Invalid stack policy") from None
    await core.deps.storage.write(lambda: _save_policy(core, context, request, body))
    return {}


def _save_policy(core: Core, context: RequestContext, request: Wire, body: str) -> None:
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    core.store.stacks.save(replace(stack, settings=replace(stack.settings, policy=body)))


def get_stack_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The stack policy, if there is one."""
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    return {} if stack.settings.policy is None else {"StackPolicyBody": stack.settings.policy}


def update_termination_protection(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Protect the stack from deletion, or no longer."""
    stack = load_stack(core, context, request["StackName"], "Stack '{}' does not exist")
    protected = bool(request["EnableTerminationProtection"])
    core.store.stacks.save(replace(stack, settings=replace(stack.settings, termination_protection=protected)))
    return {"StackId": stack.stack_id}


SETTINGS_OPERATIONS: OperationTable[Core] = {
    "SetStackPolicy": WaitingOperation(set_stack_policy),
    "GetStackPolicy": Operation(get_stack_policy, reads_only=True),
    "UpdateTerminationProtection": Operation(update_termination_protection),
}
