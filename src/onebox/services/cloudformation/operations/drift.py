"""Drift: DetectStackDrift, DetectStackResourceDrift, and reading what was found.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from onebox.errors import AwsError
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.drift import comparable, find_differences, mask, mask_differences
from onebox.services.cloudformation.engine.hands import StackHands
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import DriftDetection, Resource, Stack
from onebox.services.cloudformation.operations.lookup import load_stack, next_page, page_start
from onebox.services.cloudformation.resources.types import LiveResource
from onebox.services.cloudformation.views import without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation

if TYPE_CHECKING:
    from onebox.services.cloudformation.service import CloudFormation

_DETECTABLE = frozenset(["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
_ALIVE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


async def detect_stack_drift(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Compare every resource of the stack with what is there."""
    stack = _load_detectable(cfn, context, request["StackName"])
    wanted = set(request.get("LogicalResourceIds", []))
    detection = DriftDetection(cfn.deps.ids.uuid(), stack.stack_id, "DETECTION_IN_PROGRESS", context.now_ms)
    await cfn.deps.storage.write(lambda: cfn.store.save_detection(detection))
    rows = [row for row in cfn.store.list_resources(stack.stack_id) if row.status in _ALIVE]
    try:
        compared = [await _compare(cfn, context, stack, row) for row in rows if not wanted or row.logical_id in wanted]
    except AwsError as error:
        failed = replace(detection, status="DETECTION_FAILED", status_reason=error.message)
        await cfn.deps.storage.write(lambda: cfn.store.save_detection(failed))
        return {"StackDriftDetectionId": detection.detection_id}
    await cfn.deps.storage.write(lambda: _save(cfn, context, stack, detection, compared))
    return {"StackDriftDetectionId": detection.detection_id}


def _save(
    cfn: CloudFormation, context: RequestContext, stack: Stack, detection: DriftDetection, compared: list[Resource]
) -> None:
    drifted = [row for row in compared if row.drift_status in ("MODIFIED", "DELETED")]
    status = "DRIFTED" if drifted else "IN_SYNC"
    for row in compared:
        _save_row(cfn, row)
    current = cfn.store.find_stack(stack.stack_id) or stack
    cfn.store.save_stack(replace(current, drift_status=status, drift_checked_at_ms=context.now_ms))
    cfn.store.save_detection(
        replace(detection, status="DETECTION_COMPLETE", stack_drift_status=status, drifted_count=len(drifted))
    )


def _save_row(cfn: CloudFormation, compared: Resource) -> None:
    """Keep the finding, unless the resource went or changed while it was looked at."""
    current = cfn.store.find_resource(compared.stack_id, compared.logical_id)
    if current is not None and current.changed_at_ms == compared.changed_at_ms:
        cfn.store.save_resource(compared)


async def detect_stack_resource_drift(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Compare one resource with what is there."""
    stack = _load_detectable(cfn, context, request["StackName"])
    row = cfn.store.find_resource(stack.stack_id, request["LogicalResourceId"])
    if row is None:
        raise ValidationError(f"Resource {request['LogicalResourceId']} does not exist for stack {stack.name}")
    compared = await _compare(cfn, context, stack, row)
    await cfn.deps.storage.write(lambda: _save_row(cfn, compared))
    return {"StackResourceDrift": _show(compared)}


def _load_detectable(cfn: CloudFormation, context: RequestContext, name: str) -> Stack:
    stack = load_stack(cfn, context, name, "Stack [{}] does not exist")
    if stack.status not in _DETECTABLE:
        raise ValidationError(
            f"Drift detection cannot be performed on stack [{stack.stack_id}] while it is in status {stack.status}"
        )
    return stack


async def _compare(cfn: CloudFormation, context: RequestContext, stack: Stack, row: Resource) -> Resource:
    """The resource with the finding in it."""
    hands = StackHands(cfn.deps, cfn.tools.caller, stack)
    assert row.physical_id is not None
    expected = row.body.properties
    live = LiveResource(row.physical_id, expected, row.body.attributes, row.body.tags)
    actual = await cfn.types[row.type].lifecycle.read(hands, live)
    shown = row.body.shown_properties
    if actual is None:
        drift: Wire = {"status": "DELETED", "expected": shown, "actual": None, "differences": []}
    else:
        differences = find_differences(expected, actual)
        status = "MODIFIED" if differences else "IN_SYNC"
        drift = {
            "status": status,
            "expected": shown,
            "actual": mask(comparable(expected, actual), expected, shown),
            "differences": mask_differences(differences, expected, shown),
        }
    return replace(row, drift_status=str(drift["status"]), drift_checked_at_ms=context.now_ms, drift=drift)


def describe_stack_drift_detection_status(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """How far a detection is, and what it found."""
    detection = cfn.store.find_detection(request["StackDriftDetectionId"])
    stack = None if detection is None else cfn.store.find_stack(detection.stack_id)
    if detection is None or stack is None or (stack.account, stack.region) != (context.account, context.region):
        raise ValidationError(f"StackDriftDetectionId [{request['StackDriftDetectionId']}] does not exist")
    return without_none(
        {
            "StackId": detection.stack_id,
            "StackDriftDetectionId": detection.detection_id,
            "StackDriftStatus": detection.stack_drift_status,
            "DetectionStatus": detection.status,
            "DetectionStatusReason": detection.status_reason,
            "DriftedStackResourceCount": detection.drifted_count,
            "Timestamp": detection.at_ms,
        }
    )


def describe_stack_resource_drifts(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """What the last detection found for each resource."""
    stack = load_stack(cfn, context, request["StackName"])
    wanted = set(request.get("StackResourceDriftStatusFilters", []))
    start = page_start(request)
    found = [
        row
        for row in cfn.store.list_resources(stack.stack_id)
        if row.drift is not None and (not wanted or row.drift_status in wanted)
    ][start:]
    shown = [_show(row) for row in found[: limits.PAGE_ITEMS]]
    return without_none({"StackResourceDrifts": shown, "NextToken": next_page(start, len(found))})


def _show(row: Resource) -> Wire:
    assert row.drift is not None
    actual = row.drift["actual"]
    return without_none(
        {
            "StackId": row.stack_id,
            "LogicalResourceId": row.logical_id,
            "PhysicalResourceId": row.physical_id,
            "ResourceType": row.type,
            "ExpectedProperties": json.dumps(row.drift["expected"], separators=(",", ":")),
            "ActualProperties": None if actual is None else json.dumps(actual, separators=(",", ":")),
            "PropertyDifferences": row.drift["differences"],
            "StackResourceDriftStatus": row.drift_status,
            "Timestamp": row.drift_checked_at_ms,
        }
    )


DRIFT_OPERATIONS: OperationTable[CloudFormation] = {
    "DetectStackDrift": WaitingOperation(detect_stack_drift),
    "DetectStackResourceDrift": WaitingOperation(detect_stack_resource_drift),
    "DescribeStackDriftDetectionStatus": Operation(describe_stack_drift_detection_status, reads_only=True),
    "DescribeStackResourceDrifts": Operation(describe_stack_resource_drifts, reads_only=True),
}
