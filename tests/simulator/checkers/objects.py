"""Objects of a bucket: each key is linearizable, lists included, and content is whole.

S3 promises strong consistency for single keys and for lists:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.simulator.checkers.find import Find
from tests.simulator.checkers.linear import check_each
from tests.simulator.history import OK, Op

Step = tuple[bool, "int | None"]
"""Whether the answer is right, and the object's value afterwards: None is an object that does not exist."""


def check_objects(ops: Iterable[Op]) -> list[Find]:
    """What no order explains. Damaged content has a value that nobody wrote, so no order explains it either."""
    return check_each(_by_key(ops), _STEPS, None, "objects")


def _by_key(ops: Iterable[Op]) -> Iterator[Op]:
    """With each list as a read of every key that it was asked for."""
    for op in ops:
        if op.f != "object-list":
            yield op
        elif op.type == OK:
            for key in op.asked["keys"]:
                yield replace(op, f="object-get", asked={"key": key}, answer={"value": op.answer["values"].get(key)})


def _get(state: int | None, op: Op) -> Step:
    return (op.type != OK or op.answer["value"] == state), state


def _put(_state: int | None, op: Op) -> Step:
    return True, op.asked["value"]


def _put_new(state: int | None, op: Op) -> Step:
    done = state is None
    return (op.type != OK or op.answer["done"] == done), op.asked["value"] if done else state


def _delete(_state: int | None, _op: Op) -> Step:
    return True, None


_STEPS = {"object-get": _get, "object-put": _put, "object-put-new": _put_new, "object-delete": _delete}
