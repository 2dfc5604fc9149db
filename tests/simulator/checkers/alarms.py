"""An alarm on a dead-letter queue: its state is that of the queue, and each change of state was told once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from tests.simulator.checkers.find import Find
from tests.simulator.history import OK, Op


def check_alarm(ops: Iterable[Op], *, is_dated_right: bool = True) -> list[Find]:
    """What is wrong with the alarm at the end. The history is in the order of its dates, which is that of the changes
    only if nobody has set the wall clock (``is_dated_right``)."""
    finds = []
    for op in ops:
        if op.f != "alarm-end" or op.type != OK:
            continue
        state, dead = op.answer["state"], op.answer["dead"]
        changes, told = op.answer["changes"], op.answer["told"]
        if (state == "ALARM") != (dead > 0):
            finds.append(Find("alarm: wrong state", f"{state} with {dead} dead letters", op.begin))
        if is_dated_right and any(first == second for first, second in pairwise(changes)):
            finds.append(Find("alarm: change without a change", f"{changes}", op.begin))
        if is_dated_right and changes and changes[-1] != state:
            finds.append(Find("alarm: history", f"it is {state}, its history ends with {changes[-1]}", op.begin))
        if sorted(told) != sorted(change for change in changes if change != "INSUFFICIENT_DATA"):
            finds.append(Find("alarm: not told once", f"changes {changes}, told {told}", op.begin))
    return finds
