"""Rows as the API shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onebox.services.cloudformation.blueprint import MASK
from onebox.services.cloudformation.model import ChangeSet, Event, Resource, Source, Stack
from onebox.services.cloudformation.resources.types import tag_list
from onebox.services.cloudformation.states import STACK_STATES
from onebox.services.cloudformation.template.document import parse_template
from onebox.services.cloudformation.template.parameters import ParameterDeclaration
from onebox.services.context import Wire


def show_stack(stack: Stack) -> Wire:
    """A Stack of DescribeStacks."""
    settings = stack.settings
    wire: Wire = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "Description": _description(stack.source),
        "Parameters": show_parameters(stack.source) or None,
        "CreationTime": stack.created_at_ms,
        "LastUpdatedTime": stack.updated_at_ms,
        "DeletionTime": _deletion_time(stack),
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.status_reason,
        "DisableRollback": settings.on_failure == "DO_NOTHING",
        "NotificationARNs": stack.source.notification_arns,
        "TimeoutInMinutes": settings.timeout_minutes,
        "Capabilities": stack.source.capabilities or None,
        "Outputs": list(stack.outputs) or None,
        "RoleARN": settings.role_arn,
        "ParentId": settings.parent_id,
        "RootId": settings.root_id,
        "Tags": tag_list(stack.source.tags),
        "EnableTerminationProtection": settings.termination_protection,
        "RetainExceptOnCreate": settings.retain_except_on_create or None,
        "DriftInformation": _drift(stack.drift_status, stack.drift_checked_at_ms, "StackDriftStatus"),
    }
    return without_none(wire)


def show_stack_summary(stack: Stack) -> Wire:
    """A StackSummary of ListStacks."""
    return without_none(
        {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "TemplateDescription": _description(stack.source),
            "CreationTime": stack.created_at_ms,
            "LastUpdatedTime": stack.updated_at_ms,
            "DeletionTime": _deletion_time(stack),
            "StackStatus": stack.status,
            "StackStatusReason": stack.status_reason,
            "ParentId": stack.settings.parent_id,
            "RootId": stack.settings.root_id,
            "DriftInformation": _drift(stack.drift_status, stack.drift_checked_at_ms, "StackDriftStatus"),
        }
    )


def _deletion_time(stack: Stack) -> int | None:
    """Of a deleted stack, and of one whose creation was rolled back: the time when its rollback began."""
    if STACK_STATES[stack.status].is_rolled_back and stack.last_operation is not None:
        return stack.last_operation.rollback_at_ms
    return stack.deleted_at_ms


def show_parameters(source: Source) -> list[Wire]:
    """Parameters with their values, those of NoEcho masked."""
    hidden = source.no_echo
    if hidden is None:
        declared = parse_template(source.template).parameters if source.parameters else {}
        hidden = [name for name, declaration in declared.items() if declaration.no_echo]
    return [
        without_none(
            {
                "ParameterKey": name,
                "ParameterValue": MASK if name in hidden else value,
                "ResolvedValue": source.resolved.get(name),
            }
        )
        for name, value in source.parameters.items()
    ]


def _description(source: Source) -> str | None:
    if source.no_echo is None and source.template:
        return parse_template(source.template).description
    return source.description


def show_resource(stack: Stack, resource: Resource) -> Wire:
    """A StackResource of DescribeStackResources."""
    return without_none(
        {
            "StackName": stack.name,
            "StackId": stack.stack_id,
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": _shown_physical_id(resource),
            "ResourceType": resource.type,
            "Timestamp": resource.changed_at_ms,
            "ResourceStatus": resource.status,
            "ResourceStatusReason": resource.status_reason,
            "DriftInformation": _resource_drift(resource),
        }
    )


def show_resource_summary(resource: Resource) -> Wire:
    """A StackResourceSummary of ListStackResources."""
    return without_none(
        {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": _shown_physical_id(resource),
            "ResourceType": resource.type,
            "LastUpdatedTimestamp": resource.changed_at_ms,
            "ResourceStatus": resource.status,
            "ResourceStatusReason": resource.status_reason,
            "DriftInformation": _resource_drift(resource),
        }
    )


def _shown_physical_id(resource: Resource) -> str | None:
    if resource.physical_id is None and resource.previous is not None:
        return resource.previous.physical_id
    return resource.physical_id


def _resource_drift(resource: Resource) -> Wire:
    return _drift(resource.drift_status, resource.drift_checked_at_ms, "StackResourceDriftStatus")


def _drift(status: str, checked_at_ms: int | None, member: str) -> Wire:
    return without_none({member: status, "LastCheckTimestamp": checked_at_ms})


def show_event(stack: Stack, event: Event) -> Wire:
    """A StackEvent."""
    return without_none(
        {
            "StackId": event.stack_id,
            "EventId": event.event_id,
            "StackName": stack.name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.type,
            "Timestamp": event.at_ms,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.status_reason,
            "ResourceProperties": event.properties,
            "ClientRequestToken": event.client_token,
        }
    )


def show_change_set(stack: Stack, change_set: ChangeSet, changes: list[Wire], next_token: str | None) -> Wire:
    """DescribeChangeSet's answer."""
    return without_none(
        {
            "ChangeSetName": change_set.name,
            "ChangeSetId": change_set.change_set_id,
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "Description": change_set.description,
            "Parameters": show_parameters(change_set.source) or None,
            "CreationTime": change_set.created_at_ms,
            "ExecutionStatus": change_set.execution_status,
            "Status": change_set.status,
            "StatusReason": change_set.status_reason,
            "NotificationARNs": change_set.source.notification_arns,
            "RollbackConfiguration": {},
            "Capabilities": change_set.source.capabilities,
            "Tags": tag_list(change_set.source.tags) or None,
            "Changes": changes,
            "NextToken": next_token,
            "IncludeNestedStacks": False,
            "OnStackFailure": change_set.settings.on_failure if change_set.settings.on_failure != "ROLLBACK" else None,
        }
    )


def show_change_set_summary(stack: Stack, change_set: ChangeSet) -> Wire:
    """A ChangeSetSummary of ListChangeSets."""
    return without_none(
        {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "ChangeSetId": change_set.change_set_id,
            "ChangeSetName": change_set.name,
            "ExecutionStatus": change_set.execution_status,
            "Status": change_set.status,
            "StatusReason": change_set.status_reason,
            "CreationTime": change_set.created_at_ms,
            "Description": change_set.description,
            "IncludeNestedStacks": False,
        }
    )


def show_declarations(declared: Mapping[str, ParameterDeclaration]) -> list[Wire]:
    """ParameterDeclarations of GetTemplateSummary."""
    wires = []
    for declaration in declared.values():
        constraints = {"AllowedValues": list(declaration.allowed_values)} if declaration.allowed_values else {}
        wires.append(
            without_none(
                {
                    "ParameterKey": declaration.name,
                    "DefaultValue": declaration.default,
                    "ParameterType": declaration.type,
                    "NoEcho": declaration.no_echo,
                    "Description": declaration.description,
                    "ParameterConstraints": constraints,
                }
            )
        )
    return wires


def without_none(wire: Mapping[str, Any]) -> Wire:
    return {name: value for name, value in wire.items() if value is not None}
