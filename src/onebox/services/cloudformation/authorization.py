"""The actions, resources and condition keys of a request, for IAM.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from onebox.arn import find_arn, make_arn
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.operations import OPERATIONS
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access, ConditionKeys, access_to

_WITHOUT_STACK = frozenset({"ValidateTemplate", "ListStacks", "ListExports", "ListImports", "GetTemplateSummary"})
_KEYS = {
    "cloudformation:TemplateUrl": "TemplateURL",
    "cloudformation:RoleArn": "RoleARN",
    "cloudformation:StackPolicyUrl": "StackPolicyURL",
    "cloudformation:ChangeSetName": "ChangeSetName",
    "cloudformation:ResourceTypes": "ResourceTypes",
}
"""AWS's condition keys, and the member of the request that each of them is."""

CONDITION_KEYS = (*_KEYS, "aws:RequestTag/${TagKey}", "aws:TagKeys", "aws:ResourceTag/${TagKey}")


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the stack that the request is about."""
    stack_id = None if operation in _WITHOUT_STACK else _find_stack_id(core, context, request)
    resource = stack_id or _unknown_stack(context, operation, request)
    return [
        access._replace(find_condition_keys=lambda: _condition_keys(core, stack_id, request))
        for access in access_to("cloudformation", OPERATIONS, operation, [resource])
    ]


def _find_stack_id(core: Core, context: RequestContext, request: Wire) -> str | None:
    """The stack that the request names, or to which what it names belongs."""
    store = core.store
    name, change_set_name = request.get("StackName"), request.get("ChangeSetName", "")
    if change_set_name.startswith("arn:"):
        change_set = store.change_sets.find(change_set_name)
        return None if change_set is None else change_set.stack_id
    if name and find_arn(name) is not None:
        return str(name)
    if name:
        stack = store.stacks.find_by_name(context.account, context.region, name)
        return None if stack is None else stack.stack_id
    if request.get("PhysicalResourceId"):
        return store.resources.find_stack_of(context.account, context.region, request["PhysicalResourceId"])
    if request.get("StackDriftDetectionId"):
        detection = store.detections.find(request["StackDriftDetectionId"])
        return None if detection is None else detection.stack_id
    return None


def _unknown_stack(context: RequestContext, operation: str, request: Wire) -> str:
    name = request.get("StackName")
    if not name or operation in _WITHOUT_STACK:
        return "*"
    return make_arn("cloudformation", context.region, context.account, f"stack/{name}/*")


def _condition_keys(core: Core, stack_id: str | None, request: Wire) -> ConditionKeys:
    keys: dict[str, str | list[str]] = {key: request[member] for key, member in _KEYS.items() if member in request}
    tags = request.get("Tags", [])
    if tags:
        keys["aws:TagKeys"] = [tag.get("Key", "") for tag in tags]
    keys.update({f"aws:RequestTag/{tag.get('Key', '')}": tag.get("Value", "") for tag in tags})
    stack = None if stack_id is None else core.store.stacks.find(stack_id)
    if stack is not None:
        keys.update({f"aws:ResourceTag/{key}": value for key, value in stack.source.tags.items()})
    return keys
