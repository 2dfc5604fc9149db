"""Goal: onebox cut off at any call to a service goes on after a restart, and nothing is made twice or left behind.

Method: the n-th call hangs for ever, before its effect or after it; the service is thrown away and built anew on
the same database; then everything must end as if nothing had happened. Every n that occurs is tried.
"""

from __future__ import annotations

import pytest

from onebox.services.context import Wire
from tests.unit.onebox.cloudformation.harness import Harness


def template(delay: int, name: str, **more: Wire) -> Wire:
    """A queue that changes in place, one that is replaced, one with a generated name, and a topic."""
    return {
        "Resources": {
            "Plain": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "plain", "DelaySeconds": delay}},
            "Named": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}},
            "Generated": {"Type": "AWS::SQS::Queue", "DependsOn": "Plain"},
            "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Named", "Properties": {"DisplayName": name}},
            **more,
        }
    }


BEFORE = template(1, "first")
AFTER = template(2, "second", Added={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "added"}})


def world(cfn: Harness) -> tuple[list[str], int, str | None]:
    """What exists, with generated names shortened, and the setting that changes in place."""
    queues = sorted(
        name if name in ("plain", "first", "second", "added") else name[:15] for name in cfn.services.queues
    )
    plain = cfn.services.queues.get("plain", {"attributes": {}})
    return queues, len(cfn.services.topics), plain["attributes"].get("DelaySeconds")


def hang(cfn: Harness, number: int, moment: str) -> None:
    setattr(cfn.services, f"hang_{moment}", len(cfn.services.calls) + number)


CREATED = (["first", "plain", "shop-Generated-"], 1, "1")
UPDATED = (["added", "plain", "second", "shop-Generated-"], 1, "2")
GONE: tuple[list[str], int, str | None] = ([], 0, None)
MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


@MOMENTS
def test_create_stack_cut_off_at_any_call_completes(moment: str) -> None:
    for number in range(100):
        cfn = Harness()
        hang(cfn, number, moment)
        cfn.create(BEFORE)
        was_cut_off = cfn.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
        cfn.restart()
        assert cfn.stack()["StackStatus"] == "CREATE_COMPLETE", f"call {number}"
        assert world(cfn) == CREATED, f"call {number}"
        cfn.close()
        if not was_cut_off:
            assert number > 5
            return
    raise AssertionError("never ran through")


@MOMENTS
def test_update_stack_cut_off_at_any_call_completes(moment: str) -> None:
    for number in range(100):
        cfn = Harness()
        cfn.create(BEFORE)
        hang(cfn, number, moment)
        cfn.update(AFTER)
        was_cut_off = "IN_PROGRESS" in cfn.stack()["StackStatus"]
        cfn.restart()
        assert cfn.stack()["StackStatus"] == "UPDATE_COMPLETE", f"call {number}"
        assert world(cfn) == UPDATED, f"call {number}"
        cfn.close()
        if not was_cut_off:
            assert number > 5
            return
    raise AssertionError("never ran through")


@MOMENTS
def test_update_rollback_cut_off_at_any_call_restores(moment: str) -> None:
    added = {"Type": "AWS::SQS::Queue", "DependsOn": ["Plain", "Named", "Topic"], "Properties": {"QueueName": "added"}}
    failing = template(2, "second", Added=added)
    for number in range(100):
        cfn = Harness()
        cfn.create(BEFORE)
        cfn.services.fails = lambda operation, request: (
            (operation, request.get("QueueName")) == ("CreateQueue", "added")
        )
        hang(cfn, number, moment)
        cfn.update(failing)
        was_cut_off = "IN_PROGRESS" in cfn.stack()["StackStatus"]
        cfn.restart()
        assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", f"call {number}"
        assert world(cfn) == CREATED, f"call {number}"
        cfn.close()
        if not was_cut_off:
            assert number > 5
            return
    raise AssertionError("never ran through")


@MOMENTS
def test_delete_stack_cut_off_at_any_call_completes(moment: str) -> None:
    for number in range(100):
        cfn = Harness()
        stack_id = cfn.create(BEFORE)
        hang(cfn, number, moment)
        cfn.call("DeleteStack", StackName="shop")
        was_cut_off = cfn.stack(stack_id)["StackStatus"] == "DELETE_IN_PROGRESS"
        cfn.restart()
        assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE", f"call {number}"
        assert world(cfn) == GONE, f"call {number}"
        cfn.close()
        if not was_cut_off:
            assert number > 3
            return
    raise AssertionError("never ran through")


def test_create_stack_cut_off_never_adopts_what_is_not_its_own() -> None:
    cfn = Harness()
    cfn.services.queues["first"] = {"attributes": {"DelaySeconds": "7"}, "tags": {}}
    hang(cfn, 0, "before")
    cfn.create(BEFORE)
    cfn.restart()
    assert cfn.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert cfn.services.queues == {"first": {"attributes": {"DelaySeconds": "7"}, "tags": {}}}
    cfn.close()
