"""Rights of a role: what is granted or withdrawn holds for every request after the answer.

IAM promises less: a change reaches every server after some time.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.linear import check_each
from tests.simulator.history import OK, Op

Step = tuple[bool, bool]
"""Whether the answer is right, and whether the right is granted afterwards."""


def check_rights(ops: Iterable[Op]) -> list[Find]:
    """What no order explains."""
    return check_each(ops, _STEPS, False, "rights")


def _use(state: bool, op: Op) -> Step:
    return (op.type != OK or op.answer["allowed"] == state), state


def _grant(_state: bool, _op: Op) -> Step:
    return True, True


def _withdraw(state: bool, op: Op) -> Step:
    return (op.type != OK or op.answer["done"] == state), False


_STEPS = {"right-use": _use, "right-grant": _grant, "right-withdraw": _withdraw}
