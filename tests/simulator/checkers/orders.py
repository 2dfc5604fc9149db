"""One effect for each published order, whatever the function, onebox and the network did.

An order is a message of a topic, which goes through a queue to a function, which stores it and counts it in one
transaction. At the end each acknowledged order is in the table once or, if it was refused three times, a dead letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.simulator.checkers.find import Find
from tests.simulator.history import FAIL, OK, Op

RECEIVES_MAX = 3


def check_orders(ops: Iterable[Op]) -> list[Find]:
    """What is wrong with the orders."""
    published: dict[str, Op] = {}
    failed: Counter[str] = Counter()
    bad_starts: list[Op] = []
    end: Op | None = None
    for op in ops:
        if op.f == "publish":
            published[op.asked["order"]] = op
        elif op.f == "process":
            failed.update(_find_failed(op))
        elif op.f == "bad-start":
            bad_starts.append(op)
        elif op.f == "orders-end" and op.type == OK:
            end = op
    if end is None:
        return []
    stored: dict[str, Any] = end.answer["stored"]
    dead: list[str] = end.answer["dead"]
    finds = [*_find_lost(published, stored, dead), *_find_wrong_dead(published, failed, bad_starts, dead)]
    for order in stored:
        publish = published.get(order)
        if publish is None or publish.type == FAIL or publish.asked["poison"]:
            finds.append(Find("orders: phantom", f"{order} is stored and should not be", end.begin))
    if end.answer["effects"] != len(stored):
        text = f"{len(stored)} orders are stored and {end.answer['effects']} effects were counted"
        finds.append(Find("orders: not one effect each", text, end.begin))
    return finds


def _find_failed(op: Op) -> list[str]:
    """The orders of a call that the function did not say to have processed."""
    if op.type != OK:
        return list(op.asked["orders"])
    return list(op.answer["failed"])


def _find_lost(published: dict[str, Op], stored: dict[str, Any], dead: list[str]) -> list[Find]:
    return [
        Find("orders: lost", f"{order} was acknowledged and is neither stored nor a dead letter", op.begin)
        for order, op in published.items()
        if op.type == OK and order not in stored and order not in dead
    ]


def _find_wrong_dead(
    published: dict[str, Op], failed: Counter[str], bad_starts: list[Op], dead: list[str]
) -> list[Find]:
    # A process that does not start fails the batch that waits for it, and nobody sees which that was.
    finds = []
    for order in dead:
        op = published.get(order)
        if op is None:
            finds.append(Find("orders: phantom", f"{order} is a dead letter and nobody published it", 0))
        elif failed[order] + sum(start.begin > op.begin for start in bad_starts) < RECEIVES_MAX:
            text = f"{order} is a dead letter after {failed[order]} failed calls"
            finds.append(Find("orders: dead too early", text, op.begin))
    return finds
