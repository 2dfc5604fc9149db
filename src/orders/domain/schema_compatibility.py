"""What a change of the order's schema means for those who know the old one.

A producer sends orders that the old schema takes; it breaks where the new schema refuses one of them. A consumer reads
orders that the new schema takes; it breaks where the old schema did not allow one of them.
Promises: where no break is found, every order that the old schema takes is taken by the new one, and the reverse for
consumers; the one exception, a field that the old schema did not name, is reported as a note.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from orders.domain.schema_shape import BOUNDS, Shape, join

SHOWN_MAX = 80


class Party(str, Enum):
    """Who meets a change."""

    PRODUCER = "producer"
    CONSUMER = "consumer"


class Change(NamedTuple):
    """One difference between two schemas, as one party meets it."""

    path: str
    """For example items[].unitPrice; empty for the order itself."""
    party: Party
    rule: str
    message: str
    is_break: bool = True
    """False for a note: it breaks only those who used a name that the old schema left free."""


def find_changes(old: Shape, new: Shape, path: str = "") -> list[Change]:
    """What producers and consumers of the old schema meet: an object's own changes, then those of its fields."""
    both = _kinds(old) & _kinds(new)
    found = [*_types(old, new, path), *_enum(old, new, path), *_bounds(old, new, path, both)]
    if "string" in both:
        found += _pattern(old, new, path)
    if "object" in both:
        found += _fields(old, new, path)
        for name, inner in new.properties.items():
            if name in old.properties:
                found += find_changes(old.properties[name], inner, join(path, name))
    if "array" in both and (old.items or new.items):
        found += find_changes(old.items or Shape(), new.items or Shape(), f"{path}[]")
    return found


def _kinds(shape: Shape) -> set[str]:
    return {"number" if name == "integer" else name for name in shape.types}


def _types(old: Shape, new: Shape, path: str) -> Iterator[Change]:
    was, now = _list(old.types), _list(new.types)
    if not _covers(new.types, old.types):
        yield Change(path, Party.PRODUCER, "type-narrowed", f"the type was {was} and is {now}")
    if not _covers(old.types, new.types):
        yield Change(path, Party.CONSUMER, "type-widened", f"the type was {was} and is {now}")


def _covers(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    return all(name in wide or (name == "integer" and "number" in wide) for name in narrow)


def _list(names: frozenset[str]) -> str:
    return " or ".join(sorted(names)) or "none"


def _enum(old: Shape, new: Shape, path: str) -> Iterator[Change]:
    if new.enum is not None and (old.enum is None or old.enum - new.enum):
        gone = (
            "only listed values are allowed"
            if old.enum is None
            else f"no longer allowed: {_values(old.enum - new.enum)}"
        )
        yield Change(path, Party.PRODUCER, "values-removed", gone)
    if old.enum is not None and (new.enum is None or new.enum - old.enum):
        gained = "any value is allowed" if new.enum is None else f"new: {_values(new.enum - old.enum)}"
        yield Change(path, Party.CONSUMER, "values-added", gained)


def _values(texts: frozenset[str]) -> str:
    return _short(", ".join(sorted(texts)))


def _bounds(old: Shape, new: Shape, path: str, both: set[str]) -> Iterator[Change]:
    for name, (kind, is_least) in BOUNDS.items():
        before, after = old.bounds.get(name), new.bounds.get(name)
        if before == after or kind not in both:
            continue
        message = f"{name} was {_bound(before)} and is {_bound(after)}"
        if before is None or (after is not None and (after > before) == is_least):
            yield Change(path, Party.PRODUCER, "bound-narrowed", message)
        else:
            yield Change(path, Party.CONSUMER, "bound-widened", message)


def _bound(value: object) -> str:
    return "not set" if value is None else _short(str(value))


def _pattern(old: Shape, new: Shape, path: str) -> Iterator[Change]:
    """Two patterns are not compared: a changed one may take fewer texts and may take more."""
    if old.pattern == new.pattern:
        return
    message = f"the pattern was {_short(old.pattern or 'not set')} and is {_short(new.pattern or 'not set')}"
    if new.pattern is not None:
        yield Change(path, Party.PRODUCER, "pattern-changed", message)
    if old.pattern is not None:
        yield Change(path, Party.CONSUMER, "pattern-changed", message)


def _fields(old: Shape, new: Shape, path: str) -> Iterator[Change]:
    for name in sorted(new.required - old.required):
        yield Change(join(path, name), Party.PRODUCER, "field-now-required", "the field is now required")
    for name in sorted(old.required - new.required):
        yield Change(join(path, name), Party.CONSUMER, "field-now-optional", "the field may now be absent")
    for name in old.properties:
        if name not in new.properties:
            yield from _removed(join(path, name), new)
    for name in new.properties:
        if name not in old.properties:
            yield from _added(join(path, name), old)
    if old.is_open and not new.is_open:
        yield Change(path, Party.PRODUCER, "object-closed", "fields that the schema does not name are refused")
    if new.is_open and not old.is_open:
        yield Change(path, Party.CONSUMER, "object-opened", "fields that the schema does not name may come")


def _removed(path: str, new: Shape) -> Iterator[Change]:
    if not new.is_open:
        yield Change(path, Party.PRODUCER, "field-removed", "the field is refused")
    else:
        message = "the field is no longer checked: it may be absent or hold anything"
        yield Change(path, Party.CONSUMER, "field-removed", message)


def _added(path: str, old: Shape) -> Iterator[Change]:
    if old.is_open:
        message = "the field is new and checked: whoever already used this name for something else is refused"
        yield Change(path, Party.PRODUCER, "field-added", message, is_break=False)
    else:
        yield Change(path, Party.CONSUMER, "field-added", "the field is new, and the old schema refused other fields")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
