"""Elements of a list that are alike: numbers, or, as the lines of an order are, maps of the same names with texts and
numbers.

They are measured name by name through many of them at once, which takes less time from a dozen rows on. Knows nothing
of refusals: what is not so is left to the walk through single values. The bounds keep the numbers of short columns
within the cache of numbers, so that the walk after rows that were measured in vain works none of them out again; those
of long columns are worked out together, which costs a part of that walk.
"""

from __future__ import annotations

from typing import Any

from onebox.errors import ValidationException
from onebox.services.dynamodb.limits import CONTAINER_BYTES
from onebox.services.dynamodb.values.numbers import CANONICAL_SIZES, measure_in_place, measure_numbers

ROWS_MIN = 16
"""Fewer are measured sooner one by one."""
ROWS_MAX = 512
"""How many are measured at once."""
_NUMBERS_MIN = 64
"""So many new numbers are worked out sooner together, without being remembered."""
_NAMES_MAX = 16
"""Rows of more names are measured sooner one by one."""


def measure_rows(elements: list[Any]) -> int | None:
    """The size of at most ROWS_MAX elements, strings counted in characters; their numbers become canonical. None if
    they are not all alike, or not all right."""
    try:
        if "N" in elements[0]:
            return _measure_numbers(elements) if sum(map(len, elements)) == len(elements) else None
        maps = [element["M"] for element in elements]
        names = tuple(maps[0].keys())
        count = len(maps)
        if not 1 <= len(names) <= _NAMES_MAX:
            return None
        if sum(map(len, elements)) != count or sum(map(len, maps)) != count * len(names):
            return None
        size = (CONTAINER_BYTES + len(names) + len("".join(names))) * count
        for name in names:
            column = [members[name] for members in maps]
            if sum(map(len, column)) != count:  # every value has a kind, as the lines below find: it has no other
                return None
            if "S" in column[0]:
                size += len("".join([value["S"] for value in column]))
            elif "N" in column[0]:
                size += _measure_numbers(column)
            else:
                return None
    except (AttributeError, KeyError, TypeError, ValidationException):
        return None
    return size


def _measure_numbers(column: list[dict[str, str]]) -> int:
    try:
        return sum([CANONICAL_SIZES[value["N"]] for value in column])
    except KeyError:
        if len(column) < _NUMBERS_MIN:
            return sum([measure_in_place(value) for value in column])
    texts = [value["N"] for value in column]
    canonical, size = measure_numbers(texts)
    if canonical is not texts:
        for value, text in zip(column, canonical, strict=True):
            value["N"] = text
    return size
