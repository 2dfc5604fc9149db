"""Stack sets: onebox has one account and no stack sets, so there is never one to find.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStackSet.html
"""

from __future__ import annotations

from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import StackSetNotFoundException
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable


def delete_stack_set(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A stack set that does not exist is deleted already."""
    return {}


def list_stack_sets(core: Core, context: RequestContext, request: Wire) -> Wire:
    """There are none."""
    return {"Summaries": []}


def refuse_stack_set(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Raise StackSetNotFoundException: the answer of every operation on a stack set that does not exist."""
    raise StackSetNotFoundException(f"StackSet {request['StackSetName']} not found")


STACK_SET_OPERATIONS: OperationTable[Core] = {
    "CreateStackInstances": Operation(refuse_stack_set, reads_only=True),
    "DeleteStackSet": Operation(delete_stack_set, reads_only=True),
    "DescribeStackSet": Operation(refuse_stack_set, reads_only=True),
    "ListStackInstances": Operation(refuse_stack_set, reads_only=True),
    "ListStackSets": Operation(list_stack_sets, reads_only=True),
}
