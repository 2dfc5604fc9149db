"""A standard queue with a dead-letter queue, against what SQS documents and what onebox promises beyond it.

SQS: at least once, in any order. onebox promises more, and it is checked: a message that was deleted does not come
back, one that was received stays hidden for its visibility timeout, and only a retried SendMessage stores two.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.checkers.batches import single_operations
from tests.simulator.checkers.find import Find
from tests.simulator.history import FAIL, INFO, OK, Op

DRAIN = "drain"
NS = 1_000_000_000
CLOCK_NS = 1_000_000
"""onebox counts time in whole milliseconds, as AWS's API shows it: a timeout may end up to one earlier."""


@dataclass
class _Receive:
    op: Op
    message: dict[str, Any]


@dataclass
class QueueFacts:
    """What the history says of one queue."""

    sends: dict[str, Op] = field(default_factory=dict)
    receives: dict[str, list[_Receive]] = field(default_factory=lambda: defaultdict(list))
    """From the queue itself, by body."""
    dead: dict[str, list[_Receive]] = field(default_factory=lambda: defaultdict(list))
    """From its dead-letter queue."""
    drained: set[str] = field(default_factory=set)
    """Bodies that the end of the run found in either."""
    deletes: dict[str, list[Op]] = field(default_factory=lambda: defaultdict(list))
    changes: dict[str, list[Op]] = field(default_factory=lambda: defaultdict(list))
    unknown_receives: list[Op] = field(default_factory=list)
    is_drained: bool = False


def gather(ops: Iterable[Op], queue: str) -> QueueFacts:
    """The facts about a queue by its name; its dead-letter queue is ``NAME-dead``."""
    facts = QueueFacts()
    for op in single_operations(ops):
        name = op.asked.get("queue") if isinstance(op.asked, dict) else None
        if op.f == "send" and name == queue:
            facts.sends[op.asked["body"]] = op
        elif op.f in ("receive", DRAIN) and name in (queue, f"{queue}-dead"):
            _gather_receive(facts, op, name == queue)
        elif op.f == "delete-message" and name == queue:
            facts.deletes[op.asked["body"]].append(op)
        elif op.f == "change-visibility" and name == queue:
            facts.changes[op.asked["body"]].append(op)
    return facts


def _gather_receive(facts: QueueFacts, op: Op, from_source: bool) -> None:
    if op.type == INFO:
        if from_source:
            facts.unknown_receives.append(op)
        return
    if op.type == FAIL:
        return
    facts.is_drained = facts.is_drained or op.f == DRAIN
    for message in op.answer["messages"]:
        target = facts.receives if from_source else facts.dead
        target[message["body"]].append(_Receive(op, message))
        if op.f == DRAIN:
            facts.drained.add(message["body"])


def check_standard_queue(ops: Iterable[Op], queue: str, receives_max: int) -> list[Find]:
    """What is wrong with a queue whose redrive policy has ``receives_max``."""
    facts = gather(ops, queue)
    return [
        *find_phantoms(facts),
        *find_lost(facts),
        *_find_returned(facts),
        *_find_shown_early(facts),
        *find_wrong_dead_letters(facts, receives_max),
    ]


def find_phantoms(facts: QueueFacts) -> list[Find]:
    """Messages that nobody sent, or that came before they were sent."""
    finds = []
    for source in (facts.receives, facts.dead):
        for body, receives in source.items():
            send = facts.sends.get(body)
            finds += [
                Find("queue: phantom", f"{body} was received and not sent", receive.op.begin)
                for receive in receives
                if send is None or send.type == FAIL or _end(receive.op) < send.begin
            ]
    return finds


def find_lost(facts: QueueFacts) -> list[Find]:
    """Acknowledged messages that are neither deleted nor there at the end."""
    if not facts.is_drained:
        return []
    return [
        Find("queue: lost", f"{body} was acknowledged, nobody deleted it, and it is gone", send.end or send.begin)
        for body, send in facts.sends.items()
        if send.type == OK
        and body not in facts.drained
        and not any(delete.type != FAIL for delete in facts.deletes.get(body, ()))
    ]


def _find_returned(facts: QueueFacts) -> list[Find]:
    """Messages that came back after their deletion was acknowledged."""
    finds = []
    for body, deletes in facts.deletes.items():
        for delete in deletes:
            for receive in facts.receives.get(body, ()):
                same = receive.message["id"] == delete.asked["id"]
                if same and delete.end is not None and delete.type == OK and receive.op.begin > delete.end:
                    finds.append(Find("queue: deleted message returned", body, receive.op.begin))
    return finds


def _find_shown_early(facts: QueueFacts) -> list[Find]:
    """Messages that were handed out again while their visibility timeout ran, by more than the clock's precision."""
    finds = []
    for body, receives in facts.receives.items():
        if facts.changes.get(body):
            continue
        by_id: dict[str, list[_Receive]] = defaultdict(list)
        for receive in receives:
            by_id[receive.message["id"]].append(receive)
        for of_message in by_id.values():
            of_message.sort(key=lambda receive: receive.message["receives"])
            for first, second in itertools.pairwise(of_message):
                hidden_until_ns = first.op.begin_ns + first.op.asked["visibility"] * NS
                if second.op.end_ns is not None and second.op.end_ns < hidden_until_ns - CLOCK_NS:
                    finds.append(Find("queue: shown while hidden", body, second.op.begin))
    return finds


def find_wrong_dead_letters(facts: QueueFacts, receives_max: int) -> list[Find]:
    """Dead letters that were not received often enough, and messages that were received too often."""
    finds = []
    for body, receives in facts.receives.items():
        counts = [receive.message["receives"] for receive in receives]
        if max(counts) > receives_max:
            finds.append(Find("queue: received too often", f"{body}: {counts}", receives[-1].op.begin))
        by_id: dict[str, list[int]] = defaultdict(list)
        for receive in receives:
            by_id[receive.message["id"]].append(receive.message["receives"])
        if any(len(of_id) > len(set(of_id)) for of_id in by_id.values()):
            finds.append(Find("queue: receive not counted", f"{body}: {counts}", receives[-1].op.begin))
    for body, receives in facts.dead.items():
        first = receives[0].op
        known = len(facts.receives.get(body, ()))
        unknown = sum(op.begin < _end(first) for op in facts.unknown_receives)
        if known + unknown < receives_max:
            text = f"{body} is a dead letter after {known} receives and {unknown} of which nobody knows"
            finds.append(Find("queue: dead too early", text, first.begin))
    return finds


def _end(op: Op) -> int:
    return op.begin if op.end is None else op.end
