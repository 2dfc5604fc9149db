"""What differs between two versions of an order, field by field.

Promises: the work is linear in both versions, and the result is bounded whatever they hold: DIFFERENCES_MAX of them,
each with a path and two values that are cut where they are long; the rest is counted.
Pure. Standard library only: this file travels with the functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any, NamedTuple

from orders.domain.precedence import is_same_content
from orders.json_text import to_json

DIFFERENCES_MAX = 60
VALUE_CHARACTERS_MAX = 500
PATH_CHARACTERS_MAX = 200

_ABSENT = object()


class Difference(NamedTuple):
    """One value that differs. ``before`` and ``after`` are JSON texts; None where the field was absent."""

    path: str
    before: str | None
    after: str | None


class Differences(NamedTuple):
    """The first differences in the order of the fields, and how many more there are."""

    shown: tuple[Difference, ...] = ()
    left_out: int = 0


def find_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """What it takes to get from one version to the other. Lists are compared position by position."""
    found = _walk("", before, after)
    shown = tuple(
        Difference(_cut(path, PATH_CHARACTERS_MAX), _text(old), _text(new))
        for path, old, new in islice(found, DIFFERENCES_MAX)
    )
    return Differences(shown, sum(1 for _ in found))


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            yield from _walk(_join(path, name), before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif _is_list(before) and _is_list(after):
        for index, (old, new) in enumerate(zip_longest(before, after, fillvalue=_ABSENT)):
            yield from _walk(_join(path, f"[{index}]"), old, new)
    elif before is _ABSENT or after is _ABSENT or not is_same_content(before, after):
        yield path, before, after


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _join(path: str, name: str) -> str:
    """A path is cut on its way down already, so that deep and long names never multiply."""
    joined = f"{path}{name}" if name.startswith("[") or not path else f"{path}.{name}"
    return joined[: PATH_CHARACTERS_MAX + 1]


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else _cut(to_json(value), VALUE_CHARACTERS_MAX)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
