"""Items of a table: each key is one register. Reads, writes, conditional writes, additions and deletions of a key must
look as if they had happened one after the other, at some moment between question and answer."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.linear import check_each
from tests.simulator.history import OK, Op

Step = tuple[bool, "int | None"]
"""Whether the answer is right, and the register afterwards: None is an item that does not exist."""


def check_registers(ops: Iterable[Op]) -> list[Find]:
    """What is not linearizable, key by key."""
    return check_each(ops, _STEPS, None, "table")


def _read(state: int | None, op: Op) -> Step:
    return (op.type != OK or op.answer["value"] == state), state


def _write(_state: int | None, op: Op) -> Step:
    return True, op.asked["value"]


def _cas(state: int | None, op: Op) -> Step:
    done = state == op.asked["old"]
    return (op.type != OK or op.answer["done"] == done), op.asked["new"] if done else state


def _add(state: int | None, op: Op) -> Step:
    after = (state or 0) + op.asked["by"]
    return (op.type != OK or op.answer["value"] == after), after


def _delete(_state: int | None, _op: Op) -> Step:
    return True, None


_STEPS = {"read": _read, "write": _write, "cas": _cas, "add": _add, "delete": _delete}
