"""Is a history of one object linearizable?

The search of Wing and Gong: among the operations that no other one precedes, take one that the model allows, and go on
with the rest. Lowe's memory keeps each pair of taken operations and state, so that none is searched twice. Operations
whose outcome is unknown may take effect at any later moment or never.
https://www.cs.ox.ac.uk/people/gavin.lowe/LinearizabiltyTesting/
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from tests.simulator.checkers.find import Find
from tests.simulator.history import FAIL, OK, Op

State = TypeVar("State", bound=Hashable)
Step = Callable[[State, Op], "tuple[bool, State]"]
"""``(state, op)`` to whether the op may have had its answer in that state, and the state after it. An op of type
``info`` has no answer: its effect is the state after it."""

CONFIGURATIONS_MAX = 300_000


class Undecided(Exception):
    """The search would take too long."""


def find_stuck(ops: Sequence[Op], initial: State, step: Step[State]) -> Op | None:
    """None if the operations are linearizable; else the earliest completion that no order explains.

    Raises Undecided after CONFIGURATIONS_MAX steps.
    """
    live = sorted((op for op in ops if op.type != FAIL), key=lambda op: op.begin)
    ends = [math.inf if op.end is None else op.end for op in live]
    required = sum(1 << number for number, op in enumerate(live) if op.type == OK)
    seen: set[tuple[int, State]] = set()
    stack: list[tuple[int, State]] = [(0, initial)]
    furthest = 0.0
    while stack:
        taken, state = stack.pop()
        if taken & required == required:
            return None
        if (taken, state) in seen:
            continue
        seen.add((taken, state))
        if len(seen) > CONFIGURATIONS_MAX:
            raise Undecided
        horizon = _horizon(taken, ends)
        furthest = max(furthest, horizon)
        for number in range(len(live)):
            if live[number].begin > horizon:
                break
            if not taken >> number & 1:
                allowed, after = step(state, live[number])
                if allowed:
                    stack.append((taken | 1 << number, after))
    return next(op for op, end in zip(live, ends, strict=True) if end == furthest)


def check_each(ops: Iterable[Op], steps: Mapping[str, Step[State]], initial: State, what: str) -> list[Find]:
    """What no order of the operations explains, key by key (``asked["key"]``). ``steps`` has the model's step for each
    kind of operation; ``what`` names the promise."""
    by_key: dict[str, list[Op]] = defaultdict(list)
    for op in ops:
        if op.f in steps:
            by_key[op.asked["key"]].append(op)
    checked = (_check_key(key, of_key, steps, initial, what) for key, of_key in by_key.items())
    return [find for find in checked if find is not None]


def _check_key(key: str, ops: Sequence[Op], steps: Mapping[str, Step[State]], initial: State, what: str) -> Find | None:
    try:
        stuck = find_stuck(ops, initial, lambda state, op: steps[op.f](state, op))
    except Undecided:
        return Find(f"{what}: undecided", f"the history of {key} is too wide to be searched", ops[0].begin)
    if stuck is None:
        return None
    text = f"no order of the operations on {key} explains {stuck.f} {stuck.asked} -> {stuck.answer}"
    return Find(f"{what}: not linearizable", text, stuck.end or stuck.begin)


def _horizon(taken: int, ends: Sequence[float]) -> float:
    """The first completion among the operations that are not taken: what begins after it cannot come before it."""
    return min(end for number, end in enumerate(ends) if not taken >> number & 1)
