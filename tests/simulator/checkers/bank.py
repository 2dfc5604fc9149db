"""Accounts that transactions move money between: all of a transfer or nothing, and reads that see whole transfers.

The accounts of a bank are one object, so that this is strict serializability. A transfer that was asked for twice with
one token counts once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.linear import Undecided, find_stuck
from tests.simulator.history import OK, Op

OPENING_BALANCE = 100
Balances = tuple[int, ...]


def check_bank(ops: Iterable[Op], accounts: int) -> list[Find]:
    """What no order of whole transfers explains, bank by bank."""
    by_bank: dict[int, list[Op]] = defaultdict(list)
    for op in ops:
        if op.f in ("transfer", "balances"):
            by_bank[op.asked["bank"]].append(op)
    finds = []
    for bank, of_bank in by_bank.items():
        find = _check_one(bank, of_bank, accounts)
        if find is not None:
            finds.append(find)
    return finds


def _check_one(bank: int, ops: Sequence[Op], accounts: int) -> Find | None:
    for op in ops:
        if op.f == "balances" and op.type == OK and sum(op.answer["balances"]) != accounts * OPENING_BALANCE:
            text = f"bank {bank} holds {op.answer['balances']}: money was made or lost"
            return Find("transactions: torn", text, op.end or op.begin)
    try:
        stuck = find_stuck(ops, (OPENING_BALANCE,) * accounts, step)
    except Undecided:
        return Find("transactions: undecided", f"the history of bank {bank} is too wide to be searched", ops[0].begin)
    if stuck is None:
        return None
    text = f"no order of whole transfers explains {stuck.f} {stuck.asked} -> {stuck.answer}"
    return Find("transactions: not serializable", text, stuck.end or stuck.begin)


def step(state: Balances, op: Op) -> tuple[bool, Balances]:
    """The accounts of a bank."""
    known = op.type == OK
    if op.f == "balances":
        return (not known or tuple(op.answer["balances"]) == state), state
    source, target, amount = op.asked["from"], op.asked["to"], op.asked["amount"]
    done = state[source] >= amount
    if known and op.answer["done"] != done:
        return False, state
    if not done:
        return True, state
    after = list(state)
    after[source] -= amount
    after[target] += amount
    return True, tuple(after)
