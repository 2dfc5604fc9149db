"""Events and resources of a stack: DescribeStackEvents, DescribeStackResource(s), ListStackResources.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
"""

from __future__ import annotations

import json

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.lookup import load_stack, next_page, page_start
from onebox.services.cloudformation.views import show_event, show_resource, show_resource_summary, without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token
from onebox.services.registry import Operation, OperationTable


def describe_stack_events(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The stack's history, the newest first."""
    if not request.get("StackName"):
        raise ValidationError(
            "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: "
            "Member must not be null"
        )
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    before = page_start(request) or None
    found = core.store.events.page(stack.stack_id, before, limits.PAGE_ITEMS + 1)
    page = found[: limits.PAGE_ITEMS]
    more = make_token(page[-1][0]) if len(found) > limits.PAGE_ITEMS else None
    return without_none({"StackEvents": [show_event(stack, event) for _, event in page], "NextToken": more})


def describe_stack_resources(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All resources of a stack, or the stack to which a physical resource belongs."""
    name, physical_id = request.get("StackName"), request.get("PhysicalResourceId")
    if name and physical_id:
        raise ValidationError("Both StackName and PhysicalResourceId cannot be specified")
    if physical_id:
        name = core.store.resources.find_stack_of(context.account, context.region, physical_id)
        if name is None:
            raise ValidationError(f"Stack for {physical_id} does not exist")
    if not name:
        raise ValidationError("Either StackName or PhysicalResourceId must be specified")
    stack = load_stack(core, context, name)
    wanted = request.get("LogicalResourceId")
    rows = core.store.resources.of_stack(stack.stack_id)
    if wanted and all(row.logical_id != wanted for row in rows):
        raise ValidationError(f"Resource {wanted} does not exist for stack {stack.name}")
    return {"StackResources": [show_resource(stack, row) for row in rows if wanted in (None, "", row.logical_id)]}


def describe_stack_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """One resource of a stack, with its Metadata."""
    stack = load_stack(core, context, request["StackName"], "Stack '{}' does not exist")
    row = core.store.resources.find(stack.stack_id, request["LogicalResourceId"])
    if row is None:
        raise ValidationError(f"Resource {request['LogicalResourceId']} does not exist for stack {stack.name}")
    detail = show_resource(stack, row)
    detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
    detail["Metadata"] = json.dumps(row.body.metadata if row.body.metadata is not None else {})
    return {"StackResourceDetail": detail}


def list_stack_resources(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Summaries of a stack's resources."""
    stack = load_stack(core, context, request["StackName"])
    start = page_start(request)
    rows = core.store.resources.of_stack(stack.stack_id)[start:]
    shown = [show_resource_summary(row) for row in rows[: limits.PAGE_ITEMS]]
    return without_none({"StackResourceSummaries": shown, "NextToken": next_page(start, len(rows))})


HISTORY_OPERATIONS: OperationTable[Core] = {
    "DescribeStackEvents": Operation(describe_stack_events, reads_only=True),
    "DescribeStackResources": Operation(describe_stack_resources, reads_only=True),
    "DescribeStackResource": Operation(describe_stack_resource, reads_only=True),
    "ListStackResources": Operation(list_stack_resources, reads_only=True),
}
