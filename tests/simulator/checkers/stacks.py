"""Stacks come to rest whatever interrupts them, and what is there is what they say is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.simulator.checkers.find import Find
from tests.simulator.history import FAIL, OK, Op
from tests.simulator.workloads.stacks import queue_of

_WHOLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_EMPTY = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE")


def check_stacks(ops: Iterable[Op]) -> list[Find]:
    """What is wrong with the stacks at the end."""
    changes: dict[str, list[Op]] = defaultdict(list)
    ends: list[Op] = []
    for op in ops:
        if op.f in ("stack-create", "stack-update", "stack-delete") and op.type != FAIL:
            changes[op.asked["stack"]].append(op)
        elif op.f == "stack-end" and op.type == OK:
            ends.append(op)
    finds: list[Find] = []
    for end in ends:
        finds += _check_end(end, changes[end.asked["stack"]])
    return finds


def _check_end(end: Op, changes: Sequence[Op]) -> list[Find]:
    stack, state = end.asked["stack"], end.answer
    status, version = state["status"], state["version"]
    shown = f"{stack} is {status} with {state['resources']}, queues {state['queues']}, version {version}"
    if status in _EMPTY:
        is_right = not state["resources"] and not state["queues"] and version is None
        finds = [] if is_right else [Find("stacks: left behind", shown, end.begin)]
    elif status in _WHOLE:
        queues = [] if version is None else [queue_of(stack, version)]
        is_right = state["resources"] == ["Queue", "Version"] and state["queues"] == queues
        finds = [] if is_right else [Find("stacks: resources", shown, end.begin)]
    else:
        finds = [Find("stacks: not at rest", shown, end.begin)]
    if version is not None and not _may_be_current(version, changes):
        finds.append(Find("stacks: version", f"{shown}, which a later change replaced or nobody asked for", end.begin))
    return finds


def _may_be_current(version: int, changes: Sequence[Op]) -> bool:
    """Whether a version was asked for and no later change, accepted and right, has replaced it."""
    asked = next((op for op in changes if op.asked.get("version") == version and not op.asked["fails"]), None)
    if asked is None:
        return False
    if asked.end is None:
        return True
    later = (op for op in changes if op.type == OK and op.begin > asked.end)
    return all(op.f != "stack-delete" and op.asked["fails"] for op in later)
