"""A FIFO queue with a dead-letter queue: the order of each message group, and one message for each deduplication id.

The clients give each message a deduplication id of its own and repeat it when they retry, within the five minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.standard_queue import (
    QueueFacts,
    find_lost,
    find_phantoms,
    find_wrong_dead_letters,
    gather,
)
from tests.simulator.history import FAIL, OK, Op


def check_fifo_queue(ops: Iterable[Op], queue: str, receives_max: int) -> list[Find]:
    """What is wrong with a FIFO queue whose redrive policy has ``receives_max``."""
    facts = gather(ops, queue)
    return [
        *find_phantoms(facts),
        *find_lost(facts),
        *find_wrong_dead_letters(facts, receives_max),
        *_find_duplicates(facts),
        *_find_returned(facts),
        *_find_wrong_sequence(facts),
        *_find_overtaken(facts),
    ]


def _find_duplicates(facts: QueueFacts) -> list[Find]:
    finds = []
    for body, receives in facts.receives.items():
        if len({receive.message["id"] for receive in receives}) > 1:
            finds.append(Find("fifo: duplicate", f"{body} was stored twice", receives[-1].op.begin))
    return finds


def _find_returned(facts: QueueFacts) -> list[Find]:
    finds = []
    for body, deletes in facts.deletes.items():
        ends = [delete.end for delete in deletes if delete.type == OK and delete.end is not None]
        finds += [
            Find("fifo: deleted message returned", body, receive.op.begin)
            for receive in facts.receives.get(body, ())
            if ends and receive.op.begin > min(ends)
        ]
    return finds


def _find_wrong_sequence(facts: QueueFacts) -> list[Find]:
    """Messages of a group whose sequence numbers contradict the order in which they were sent."""
    finds = []
    for group, sends in _sends_by_group(facts).items():
        sends.sort(key=lambda op: op.begin)
        for number, later in enumerate(sends):
            for earlier in sends[:number]:
                if earlier.end is None or earlier.end > later.begin:
                    continue
                first, second = _sequence(facts, earlier), _sequence(facts, later)
                if first and second and first >= second:
                    text = f"{later.asked['body']} of group {group} comes before {earlier.asked['body']}"
                    finds.append(Find("fifo: sequence", text, later.begin))
    return finds


def _find_overtaken(facts: QueueFacts) -> list[Find]:
    """Messages that were handed out while an earlier one of their group was still there."""
    finds = []
    by_group = _sends_by_group(facts)
    for body, receives in facts.receives.items():
        send = facts.sends.get(body)
        if send is None:
            continue
        for receive in receives:
            together = {m["body"]: place for place, m in enumerate(receive.op.answer["messages"])}
            for other in by_group[send.asked["group"]]:
                earlier = other.asked["body"]
                if not _was_before(facts, other, receive.message["sequence"], receive.op):
                    continue
                if together.get(earlier, len(together)) > together[body]:
                    finds.append(Find("fifo: overtaken", f"{body} was received before {earlier}", receive.op.begin))
    return finds


def _was_before(facts: QueueFacts, other: Op, sequence: str, receive: Op) -> bool:
    """Whether a message lay certainly in front of one with this sequence number when that was received."""
    if other.type != OK or other.end is None or other.end > receive.begin or other.answer["sequence"] >= sequence:
        return False
    body = other.asked["body"]
    if body in facts.dead or receive.end is None:
        return False
    return not any(d.type != FAIL and d.begin < receive.end for d in facts.deletes.get(body, ()))


def _sends_by_group(facts: QueueFacts) -> dict[str, list[Op]]:
    by_group: dict[str, list[Op]] = defaultdict(list)
    for op in facts.sends.values():
        if op.type != FAIL:
            by_group[op.asked["group"]].append(op)
    return by_group


def _sequence(facts: QueueFacts, send: Op) -> str:
    if send.type == OK:
        return str(send.answer["sequence"])
    receives = facts.receives.get(send.asked["body"], ())
    return str(receives[0].message["sequence"]) if receives else ""
