"""One change applied to many failed orders: a field set to a value, or removed. Pure.

Numbers that are not changed keep their text: 19.90 stays 19.90.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from orders.dead_letters.reasons import pretty
from orders.domain.sizes import parse_edited
from orders.errors import OperatorError, OrderRejected
from orders.json_text import lay_out_value, read_exact

PATH_MAX = 200
VALUE_MAX = 10_000
_step = re.compile(r"([^.\[\]]+)((?:\[[0-9]{0,4}\])*)")
_index = re.compile(r"\[([0-9]*)\]")


class Change(NamedTuple):
    """A change of one field."""

    path: tuple[str | int | None, ...]
    """Names and indexes from the order down to the field; None stands for every element of a list."""
    value: Any
    is_removal: bool = False


class Edited(NamedTuple):
    """An order before and after the change, as laid-out JSON, and what the contract says of it then."""

    before: str
    after: str
    violation: str
    """Empty if the order is valid."""

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def make_change(path: str, value: str, *, is_removal: bool = False) -> Change:
    """The change that an operator typed: ``items[].quantity`` and a JSON value, or plain text for a string.

    Raises OperatorError.
    """
    if not 0 < len(path) <= PATH_MAX:
        raise OperatorError("no field is named", "Name one, for example currency, items[0].quantity or items[].sku.")
    if len(value) > VALUE_MAX:
        raise OperatorError(f"the value has {len(value):,} characters; at most {VALUE_MAX:,} are allowed")
    steps: list[str | int | None] = []
    for part in path.split("."):
        found = _step.fullmatch(part)
        if found is None:
            raise OperatorError(f"{path} is not a field", "Write it like currency, items[0].quantity or items[].sku.")
        steps.append(found.group(1))
        steps += [int(index) if index else None for index in _index.findall(found.group(2))]
    return Change(tuple(steps), None if is_removal else _read_value(value), is_removal)


def _read_value(text: str) -> Any:
    try:
        return read_exact(text)
    except (ValueError, RecursionError):
        return text


def apply_change(body: str, change: Change, *, claim_check: bool = False) -> Edited:
    """The order in a message's body, before and after the change. A body that is not a JSON object stays as it is.

    ``claim_check`` sends a large order through S3 (FailedOrder.is_by_claim).
    """
    before = pretty(body)
    try:
        order = read_exact(before)
    except (ValueError, RecursionError):
        return Edited(before, before, "not JSON: edit this order by itself")
    for holder, key in _places(order, change.path):
        _set(holder, key, change)
    after = lay_out_value(order)
    return Edited(before, after, _violation(after, claim_check=claim_check))


def _places(value: Any, path: tuple[str | int | None, ...]) -> Iterator[tuple[Any, str | int]]:
    """Each place that the path names: the dict or list, and the key in it."""
    key, rest = path[0], path[1:]
    keys: list[str | int] = list(range(len(value))) if key is None and isinstance(value, list) else []
    if key is not None:
        keys = [key]
    for one in keys:
        if not rest:
            yield value, one
        elif (inner := _get(value, one)) is not None:
            yield from _places(inner, rest)


def _get(holder: Any, key: str | int) -> Any:
    if isinstance(holder, dict):
        return holder.get(key)
    return holder[key] if isinstance(holder, list) and isinstance(key, int) and key < len(holder) else None


def _set(holder: Any, key: str | int, change: Change) -> None:
    if isinstance(holder, dict) and isinstance(key, str):
        if change.is_removal:
            holder.pop(key, None)
        else:
            holder[key] = change.value
    elif isinstance(holder, list) and isinstance(key, int) and key < len(holder) and not change.is_removal:
        holder[key] = change.value


def _violation(text: str, *, claim_check: bool) -> str:
    try:
        parse_edited(text, claim_check=claim_check)
    except OrderRejected as violation:
        return violation.reason
    return ""


def describe(change: Change) -> str:
    """The change in words."""
    name = ""
    for step in change.path:
        name += f"[{'' if step is None else step}]" if not isinstance(step, str) else f"{'.' if name else ''}{step}"
    return f"remove {name}" if change.is_removal else f"set {name} to {json.dumps(change.value, default=str)[:200]}"
