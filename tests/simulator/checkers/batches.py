"""Batches of messages as the single operations that they are: each entry has its own outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from tests.simulator.history import FAIL, OK, Op

_SINGLE = {"send-batch": "send", "delete-batch": "delete-message"}


def single_operations(ops: Iterable[Op]) -> Iterator[Op]:
    """All operations; a batch of messages is replaced by one for each entry."""
    for op in ops:
        if op.f not in _SINGLE:
            yield op
            continue
        for entry in op.asked["messages"]:
            asked = {"queue": op.asked["queue"], **entry}
            answer = op.answer["done"].get(entry["body"]) if op.type == OK else None
            kind = FAIL if op.type == OK and answer is None else op.type
            yield dataclasses.replace(op, f=_SINGLE[op.f], asked=asked, answer=answer, type=kind)
