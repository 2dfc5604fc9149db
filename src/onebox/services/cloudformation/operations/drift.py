"""Drift: DetectStackDrift, DetectStackResourceDrift, and reading what was found.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from onebox.errors import AwsError
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.deploy.client import StackClient
from onebox.services.cloudformation.drift import comparable, find_differences, mask, mask_differences
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.lookup import load_stack, next_page, page_start
from onebox.services.cloudformation.model import DriftDetection, Resource, Stack
from onebox.services.cloudformation.resources.types import LiveResource
from onebox.services.cloudformation.states import RESOURCE_STATES, STACK_STATES
from onebox.services.cloudformation.views import without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation


async def detect_stack_drift(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Compare every resource of the stack with the live one."""
    stack = _load_detectable(core, context, request["StackName"])
    wanted = set(request.get("LogicalResourceIds", []))
    detection = DriftDetection(core.deps.ids.uuid(), stack.stack_id, "DETECTION_IN_PROGRESS", context.now_ms)
    await core.deps.storage.write(lambda: core.store.detections.save(detection))
    rows = [row for row in core.store.resources.of_stack(stack.stack_id) if RESOURCE_STATES[row.status].is_stable]
    try:
        compared = [await _compare(core, context, stack, row) for row in rows if not wanted or row.logical_id in wanted]
    except AwsError as error:
        failed = replace(detection, status="DETECTION_FAILED", status_reason=error.message)
        await core.deps.storage.write(lambda: core.store.detections.save(failed))
        return {"StackDriftDetectionId": detection.detection_id}
    except asyncio.CancelledError:  # the client has hung up
        broken_off = replace(detection, status="DETECTION_FAILED", status_reason="The detection was interrupted.")
        core.deps.storage.run_patiently(lambda: core.store.detections.save(broken_off))
        raise
    await core.deps.storage.write(lambda: _save(core, context, stack, detection, compared))
    return {"StackDriftDetectionId": detection.detection_id}


def _save(
    core: Core, context: RequestContext, stack: Stack, detection: DriftDetection, compared: list[Resource]
) -> None:
    drifted = [row for row in compared if row.drift_status in ("MODIFIED", "DELETED")]
    status = "DRIFTED" if drifted else "IN_SYNC"
    for row in compared:
        _save_row(core, row)
    current = core.store.stacks.find(stack.stack_id) or stack
    core.store.stacks.save(replace(current, drift_status=status, drift_checked_at_ms=context.now_ms))
    core.store.detections.save(
        replace(detection, status="DETECTION_COMPLETE", stack_drift_status=status, drifted_count=len(drifted))
    )


def _save_row(core: Core, compared: Resource) -> None:
    """Keep the finding, unless the resource went or changed while it was looked at."""
    current = core.store.resources.find(compared.stack_id, compared.logical_id)
    if current is not None and current.changed_at_ms == compared.changed_at_ms:
        core.store.resources.save(compared)


async def detect_stack_resource_drift(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Compare one resource with the live one."""
    stack = _load_detectable(core, context, request["StackName"])
    row = core.store.resources.find(stack.stack_id, request["LogicalResourceId"])
    if row is None:
        raise ValidationError(f"Resource {request['LogicalResourceId']} does not exist for stack {stack.name}")
    compared = await _compare(core, context, stack, row)
    await core.deps.storage.write(lambda: _save_row(core, compared))
    return {"StackResourceDrift": _show(compared)}


def _load_detectable(core: Core, context: RequestContext, name: str) -> Stack:
    stack = load_stack(core, context, name, "Stack [{}] does not exist")
    if not STACK_STATES[stack.status].drift_detectable:
        raise ValidationError(
            f"Drift detection cannot be performed on stack [{stack.stack_id}] while it is in status {stack.status}"
        )
    return stack


async def _compare(core: Core, context: RequestContext, stack: Stack, row: Resource) -> Resource:
    """The resource with the finding in it."""
    client = StackClient(core.deps, core.caller, stack, core.callbacks)
    assert row.physical_id is not None
    expected = row.body.properties
    live = LiveResource(
        physical_id=row.physical_id,
        properties=expected,
        attributes=row.body.attributes,
        tags=row.body.tags,
        logical_id=row.logical_id,
        type=row.type,
    )
    actual = await core.types[row.type].lifecycle.read(client, live)
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


def describe_stack_drift_detection_status(core: Core, context: RequestContext, request: Wire) -> Wire:
    """How far a detection is, and what it found."""
    detection = core.store.detections.find(request["StackDriftDetectionId"])
    stack = None if detection is None else core.store.stacks.find(detection.stack_id)
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


def describe_stack_resource_drifts(core: Core, context: RequestContext, request: Wire) -> Wire:
    """What the last detection found for each resource."""
    stack = load_stack(core, context, request["StackName"])
    wanted = set(request.get("StackResourceDriftStatusFilters", []))
    start = page_start(request)
    found = [
        row
        for row in core.store.resources.of_stack(stack.stack_id)
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


DRIFT_OPERATIONS: OperationTable[Core] = {
    "DetectStackDrift": WaitingOperation(detect_stack_drift),
    "DetectStackResourceDrift": WaitingOperation(detect_stack_resource_drift),
    "DescribeStackDriftDetectionStatus": Operation(describe_stack_drift_detection_status, reads_only=True),
    "DescribeStackResourceDrifts": Operation(describe_stack_resource_drifts, reads_only=True),
}
