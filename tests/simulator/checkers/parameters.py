"""Parameters of Systems Manager: each is linearizable, and each change counts its version up by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.linear import check_each
from tests.simulator.history import OK, Op


class Parameter(NamedTuple):
    """What a parameter holds."""

    version: int
    value: int


Step = tuple[bool, "Parameter | None"]
"""Whether the answer is right, and the parameter afterwards: None is one that does not exist."""


def check_parameters(ops: Iterable[Op]) -> list[Find]:
    """What no order explains."""
    return check_each(ops, _STEPS, None, "parameters")


def _get(state: Parameter | None, op: Op) -> Step:
    version, value = state or (None, None)
    return (op.type != OK or op.answer == {"version": version, "value": value}), state


def _put(state: Parameter | None, op: Op) -> Step:
    after = Parameter(1 if state is None else state.version + 1, op.asked["value"])
    return (op.type != OK or op.answer["version"] == after.version), after


def _create(state: Parameter | None, op: Op) -> Step:
    if state is not None:
        return (op.type != OK or op.answer["version"] is None), state
    return _put(state, op)


def _delete(state: Parameter | None, op: Op) -> Step:
    return (op.type != OK or op.answer["done"] == (state is not None)), None


_STEPS = {"parameter-get": _get, "parameter-put": _put, "parameter-create": _create, "parameter-delete": _delete}
