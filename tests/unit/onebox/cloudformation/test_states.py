"""Goal: the table of states holds in every cell, for the API's operations and for what the background work reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from onebox.errors import AwsError
from onebox.services.cloudformation.deploy.journal import Journal
from onebox.services.cloudformation.deploy.supervisor import PHASES
from onebox.services.cloudformation.model import Operation
from onebox.services.cloudformation.state_diagram import draw_diagram, draw_section
from onebox.services.cloudformation.states import (
    NEW,
    RESOURCE_STATES,
    STACK_STATES,
    InvalidTransition,
    ResourceTrigger,
    StackTrigger,
    next_resource_status,
)
from onebox.services.cloudformation.store import Store
from tests.unit.onebox.cloudformation.harness import Harness

PAGE = Path(__file__).parents[4] / "docs" / "cloudformation.md"
BEFORE = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}}
AFTER = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 2}}}}'
REQUESTS = {
    StackTrigger.UPDATE: ("UpdateStack", {"TemplateBody": AFTER}),
    StackTrigger.DELETE: ("DeleteStack", {}),
    StackTrigger.CANCEL: ("CancelUpdateStack", {}),
    StackTrigger.ROLL_BACK: ("RollbackStack", {}),
    StackTrigger.CONTINUE: ("ContinueUpdateRollback", {}),
}
STATUSES = [status for status in STACK_STATES if status != NEW]
ALREADY_DELETED = ("DELETE_COMPLETE", "DELETE_IN_PROGRESS")
"""DeleteStack accepts them and does nothing, as on AWS."""


def put_into(cfn: Harness, status: str) -> str:
    """Create a stack and give it ``status``. Returns its id."""
    stack_id = cfn.create(BEFORE)
    store = Store(cfn.storage)
    stack = store.stacks.find(stack_id)
    assert stack is not None
    kind = STACK_STATES[status].operation
    operation = None if kind is None else Operation(kind, "token", cfn.clock.now_ms())
    deleted_at_ms = cfn.clock.now_ms() if STACK_STATES[status].is_deleted else None
    previous = stack.source if status.startswith("UPDATE") else None
    moved = replace(stack, status=status, operation=operation, deleted_at_ms=deleted_at_ms, previous=previous)
    cfn.run(cfn.storage.write(lambda: store.stacks.save(moved)))
    return stack_id


@pytest.mark.parametrize("trigger", REQUESTS, ids=lambda trigger: trigger.value)
@pytest.mark.parametrize("status", STATUSES)
def test_an_operation_is_possible_where_its_cell_says_so(cfn: Harness, status: str, trigger: StackTrigger) -> None:
    stack_id = put_into(cfn, status)
    operation, request = REQUESTS[trigger]
    if trigger in STACK_STATES[status].next:
        cfn.call(operation, StackName=stack_id, **request)
        begun = [name for logical_id, name in cfn.events(stack_id) if logical_id == "shop"]
        assert STACK_STATES[status].next[trigger] in begun[2:]
    elif trigger is StackTrigger.DELETE and status in ALREADY_DELETED:
        cfn.call(operation, StackName=stack_id, **request)
        assert cfn.stack(stack_id)["StackStatus"] == status
    else:
        with pytest.raises(AwsError) as refused:
            cfn.call(operation, StackName=stack_id, **request)
        assert refused.value.wire_code == "ValidationError"
        assert cfn.stack(stack_id)["StackStatus"] == status


@pytest.mark.parametrize("status", STATUSES)
def test_drift_is_detected_where_the_table_says_so(cfn: Harness, status: str) -> None:
    stack_id = put_into(cfn, status)
    if STACK_STATES[status].drift_detectable:
        cfn.call("DetectStackDrift", StackName=stack_id)
        assert cfn.stack(stack_id)["DriftInformation"]["StackDriftStatus"] == "IN_SYNC"
    else:
        with pytest.raises(AwsError, match=f"while it is in status {status}"):
            cfn.call("DetectStackDrift", StackName=stack_id)


@pytest.mark.parametrize("trigger", StackTrigger, ids=lambda trigger: trigger.value)
@pytest.mark.parametrize("status", STATUSES)
def test_the_journal_moves_a_stack_by_the_table_only(cfn: Harness, status: str, trigger: StackTrigger) -> None:
    store = Store(cfn.storage)
    stack = store.stacks.find(put_into(cfn, status))
    assert stack is not None
    journal = Journal(store, cfn.deps, lambda _stack, _event: None)
    following = STACK_STATES[status].next.get(trigger)
    if following is None:
        with pytest.raises(InvalidTransition):
            journal.move_stack(stack, trigger)
        return
    kind = STACK_STATES[following].operation
    deleted_at_ms = cfn.clock.now_ms() if STACK_STATES[following].is_deleted else None
    operation = stack.operation or Operation("", "token", cfn.clock.now_ms())
    moved = cfn.run(
        cfn.storage.write(lambda: journal.move_stack(stack, trigger, operation=operation, deleted_at_ms=deleted_at_ms))
    )
    assert moved.status == following
    assert (moved.operation.kind if moved.operation else None) == kind
    assert store.stacks.find(stack.stack_id) == moved


@pytest.mark.parametrize("trigger", ResourceTrigger, ids=lambda trigger: trigger.value)
@pytest.mark.parametrize("status", RESOURCE_STATES)
def test_a_resource_moves_by_the_table_only(status: str, trigger: ResourceTrigger) -> None:
    following = RESOURCE_STATES[status].next.get(trigger)
    if following is None:
        with pytest.raises(InvalidTransition):
            next_resource_status(status, trigger)
    else:
        assert next_resource_status(status, trigger) == following
        assert following in RESOURCE_STATES


def test_every_state_with_work_has_its_phase_and_an_end_for_bugs() -> None:
    working = {status: state for status, state in STACK_STATES.items() if state.operation is not None}
    assert {state.operation for state in working.values()} == set(PHASES)
    assert len(working) == len(PHASES)
    for status, state in working.items():
        assert status.endswith("_IN_PROGRESS")
        assert STACK_STATES[state.next[StackTrigger.ERROR]].operation is None


def test_every_state_can_be_reached_and_left() -> None:
    reached = {following for state in STACK_STATES.values() for following in state.next.values()}
    assert reached == set(STATUSES)
    assert [status for status in STATUSES if not STACK_STATES[status].next] == ["DELETE_COMPLETE"]


def test_the_diagram_has_every_transition_once() -> None:
    lines = draw_diagram().splitlines()
    pairs = {(status, following) for status, state in STACK_STATES.items() for following in state.next.values()}
    assert len(lines) == 1 + len(pairs) + 1
    assert len(set(lines)) == len(lines)


def test_the_document_shows_the_table() -> None:
    _, _, rest = PAGE.read_text("utf-8").partition("<!-- python -m onebox.services.cloudformation.state_diagram -->\n")
    shown, _, _ = rest.partition("<!-- end -->")
    assert shown.strip() == draw_section().strip(), (
        "docs/cloudformation.md is out of date: run python -m onebox.services.cloudformation.state_diagram"
    )
