"""Lines of a log: each batch that was acknowledged is there, whole, once and in its order; nothing else is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.simulator.checkers.find import Find
from tests.simulator.history import FAIL, OK, Op


def check_log(ops: Iterable[Op]) -> list[Find]:
    """What is wrong with each read of a stream."""
    puts: dict[str, list[Op]] = defaultdict(list)
    reads: list[Op] = []
    for op in ops:
        if op.f == "log-put":
            puts[op.asked["key"]].append(op)
        elif op.f == "log-read" and op.type == OK:
            reads.append(op)
    return [find for read in reads for find in _check_read(read, puts[read.asked["key"]])]


def _check_read(read: Op, puts: Sequence[Op]) -> list[Find]:
    lines = read.answer["lines"]
    places = {line: place for place, line in enumerate(lines)}
    finds = []
    if len(places) < len(lines):
        finds.append(Find("log: duplicate", f"{sorted(line for line in places if lines.count(line) > 1)}", read.begin))
    written: set[str] = set()
    for put in puts:
        if put.type != FAIL and put.begin < (read.end or read.begin):
            written.update(put.asked["lines"])
            finds += _check_batch(read, put, places)
    invented = sorted(places.keys() - written)
    if invented:
        finds.append(Find("log: phantom", f"{invented}", read.begin))
    return finds


def _check_batch(read: Op, put: Op, places: dict[str, int]) -> list[Find]:
    batch = put.asked["lines"]
    found = [places[line] for line in batch if line in places]
    is_owed = put.type == OK and put.answer["done"] and put.end is not None and put.end < read.begin
    if is_owed and not found:
        return [Find("log: lost", f"{batch} of {put.asked['key']}", read.begin)]
    if 0 < len(found) < len(batch):
        return [Find("log: part of a batch", f"{len(found)} of {batch}", read.begin)]
    if found != sorted(found):
        return [Find("log: order", f"{batch} at {found}", read.begin)]
    return []
