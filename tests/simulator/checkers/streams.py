"""A table's stream: each committed change once, in the order of the changes of its key, and nothing else.

The stream is read as a whole at the end (``stream-read``); a function got the same records in batches, some of them
again after a failure (``stream-batch``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tests.simulator.checkers.find import Find
from tests.simulator.history import FAIL, OK, Op

WRITES = ("write", "cas", "add", "delete")
Change = dict[str, Any]
"""``key``, ``sequence``, ``old``, ``new``: the value before and after, None for no item."""


class _Facts(NamedTuple):
    whole: list[Change]
    batches: list[Op]
    writes: dict[str, list[Op]]
    final: dict[str, Any]
    end: int


def check_stream(ops: Iterable[Op]) -> list[Find]:
    """What is wrong with the stream of the registers."""
    facts = _gather(ops)
    if facts is None:
        return []
    by_key: dict[str, list[Change]] = defaultdict(list)
    for change in facts.whole:
        by_key[change["key"]].append(change)
    finds = _find_repeated(facts)
    for key, changes in by_key.items():
        finds += _check_chain(facts, key, changes)
        finds += _check_origin(facts, key, changes)
    finds += _find_missing(facts, by_key)
    return finds + _check_batches(facts)


def _gather(ops: Iterable[Op]) -> _Facts | None:
    whole: list[Change] | None = None
    batches: list[Op] = []
    writes: dict[str, list[Op]] = defaultdict(list)
    final: dict[str, Any] = {}
    end = 0
    for op in ops:
        if op.f == "stream-read" and op.type == OK:
            whole, end = op.answer["changes"], op.begin
        elif op.f == "stream-batch":
            batches.append(op)
        elif op.f in WRITES and op.type != FAIL:
            writes[op.asked["key"]].append(op)
        elif op.f == "table-scan" and op.type == OK:
            final = op.answer["items"]
    return None if whole is None else _Facts(whole, batches, writes, final, end)


def _find_repeated(facts: _Facts) -> list[Find]:
    sequences = [change["sequence"] for change in facts.whole]
    if sequences == sorted(set(sequences)):
        return []
    return [Find("stream: repeated", "sequence numbers are not ascending", facts.end)]


def _check_chain(facts: _Facts, key: str, changes: Sequence[Change]) -> list[Find]:
    """Each change begins where the one before it ended, and the last is what the table holds."""
    state = None
    for change in changes:
        if change["old"] != state:
            text = f"{key} was {state} and the next change begins with {change['old']}"
            return [Find("stream: gap", text, facts.end)]
        state = change["new"]
    if facts.final.get(key) != state:
        text = f"{key} is {facts.final.get(key)} in the table and {state} in the stream"
        return [Find("stream: not the table", text, facts.end)]
    return []


def _check_origin(facts: _Facts, key: str, changes: Sequence[Change]) -> list[Find]:
    """A change that no client asked for."""
    writes = facts.writes.get(key, [])
    values = {op.asked["value"] for op in writes if op.f == "write"}
    values |= {op.asked["new"] for op in writes if op.f == "cas"}
    additions = {op.asked["by"] for op in writes if op.f == "add"}
    is_deleted = any(op.f == "delete" for op in writes)
    for change in changes:
        new, old = change["new"], change["old"]
        added = new is not None and new - (old or 0) in additions
        if not (added or new in values or (new is None and is_deleted)):
            return [Find("stream: phantom", f"nobody asked for {key}: {old} -> {new}", facts.end)]
    return []


def _find_missing(facts: _Facts, by_key: dict[str, list[Change]]) -> list[Find]:
    """Acknowledged writes of a value of their own that the stream does not show."""
    finds = []
    for key, writes in facts.writes.items():
        shown = {change["new"] for change in by_key.get(key, ())}
        for op in writes:
            if op.type != OK:
                continue
            value = op.asked.get("value") if op.f == "write" else None
            if op.f == "cas" and op.answer["done"]:
                value = op.asked["new"]
            if value is not None and value not in shown:
                finds.append(Find("stream: lost", f"{key} = {value} is not in the stream", op.begin))
    return finds


def _check_batches(facts: _Facts) -> list[Find]:
    """What the function got: all of it, the changes of a key for the first time in their order."""
    finds = []
    known = {change["sequence"] for change in facts.whole}
    newest: dict[str, str] = {}
    seen: set[str] = set()
    for op in facts.batches:
        for change in op.asked["changes"]:
            key, sequence = change["key"], change["sequence"]
            if sequence in seen:
                continue
            seen.add(sequence)
            if sequence not in known:
                finds.append(Find("stream: phantom", f"a function got a change of {key} that is not there", op.begin))
            if newest.get(key, "") > sequence:
                finds.append(Find("stream: order", f"a function got a later change of {key} first", op.begin))
            newest[key] = max(newest.get(key, ""), sequence)
    if facts.batches and known - seen:
        finds.append(Find("stream: not delivered", f"{len(known - seen)} changes reached no function", facts.end))
    return finds
