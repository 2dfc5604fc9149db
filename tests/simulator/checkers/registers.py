"""Items of a table: each key is one register. Reads, writes, conditional writes, additions and deletions of a key must
look as if they had happened one after the other, at some moment between question and answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.linear import Undecided, find_stuck
from tests.simulator.history import OK, Op

OPERATIONS = ("read", "write", "cas", "add", "delete")


def check_registers(ops: Iterable[Op]) -> list[Find]:
    """What is not linearizable, key by key."""
    by_key: dict[str, list[Op]] = defaultdict(list)
    for op in ops:
        if op.f in OPERATIONS:
            by_key[op.asked["key"]].append(op)
    finds = []
    for key, of_key in by_key.items():
        find = _check_key(key, of_key)
        if find is not None:
            finds.append(find)
    return finds


def _check_key(key: str, ops: Sequence[Op]) -> Find | None:
    try:
        stuck = find_stuck(ops, None, step)
    except Undecided:
        return Find("table: undecided", f"the history of {key} is too wide to be searched", ops[0].begin)
    if stuck is None:
        return None
    text = f"no order of the operations on {key} explains {stuck.f} {stuck.asked} -> {stuck.answer}"
    return Find("table: not linearizable", text, stuck.end or stuck.begin)


def step(state: int | None, op: Op) -> tuple[bool, int | None]:
    """The register: None is an item that does not exist."""
    known = op.type == OK
    if op.f == "read":
        return (not known or op.answer["value"] == state), state
    if op.f == "write":
        return True, op.asked["value"]
    if op.f == "delete":
        return True, None
    if op.f == "add":
        after = (state or 0) + op.asked["by"]
        return (not known or op.answer["value"] == after), after
    done = state == op.asked["old"]
    return (not known or op.answer["done"] == done), op.asked["new"] if done else state
