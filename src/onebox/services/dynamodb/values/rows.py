"""Elements of a list that are alike: numbers, or, as the lines of an order are, maps of the same names with texts and
numbers.

They are measured name by name through many of them at once, which takes less time from half a dozen rows on. Knows
nothing of refusals: what is not so is left to the walk through single values. The bounds keep a few new numbers of a
column within the cache of numbers, so that the walk after rows that were measured in vain works none of them out again;
many new ones are worked out together, which costs a part of that walk.
"""

from __future__ import annotations

from typing import Any

from onebox.errors import ValidationException
from onebox.services.dynamodb.limits import CONTAINER_BYTES
from onebox.services.dynamodb.values.numbers import CANONICAL_SIZES, measure_in_place, measure_numbers

ROWS_MIN = 8
"""Fewer are measured sooner one by one."""
ROWS_MAX = 512
"""How many are measured at once."""
_NUMBERS_MIN = 64
"""So many new numbers are worked out sooner together, without being remembered."""
_NAMES_MAX = 16
"""Rows of more names are measured sooner one by one."""


def measure_rows(elements: list[Any], *, may_hold_maps: bool = True) -> int | None:
    """The size of at most ROWS_MAX elements, strings counted in characters; their numbers become canonical. None if
    they are not all alike, or not all right. Without ``may_hold_maps``, maps are not right."""
    try:
        if "N" in elements[0]:
            return _measure_numbers(elements) if sum(map(len, elements)) == len(elements) else None
        if not may_hold_maps:
            return None
        first, count = elements[0]["M"], len(elements)
        width = len(first)
        if not 1 <= width <= _NAMES_MAX:
            return None
        # What has more kinds or more names than it should is left out, which shows in the end; what lacks a name or a
        # kind of the first row's is a KeyError.
        maps = [members for element in elements if len(element) == 1 and len(members := element["M"]) == width]
        listed = len(maps)
        size = (CONTAINER_BYTES + width + len("".join(first))) * count
        for name, sample in first.items():
            if "S" in sample:
                texts = [value["S"] for members in maps if len(value := members[name]) == 1]
                listed += len(texts)
                size += len("".join(texts))
            elif "N" in sample:
                column = [value for members in maps if len(value := members[name]) == 1]
                listed += len(column)
                size += _measure_numbers(column)
            else:
                return None
    except (AttributeError, KeyError, TypeError, ValidationException):
        return None
    return size if listed == count * (1 + width) else None


def _measure_numbers(column: list[dict[str, str]]) -> int:
    try:
        return sum([CANONICAL_SIZES[value["N"]] for value in column])
    except KeyError:
        new = {value["N"] for value in column if value["N"] not in CANONICAL_SIZES}
        if len(new) < _NUMBERS_MIN:
            return sum([CANONICAL_SIZES.get(value["N"]) or measure_in_place(value) for value in column])
    texts = [value["N"] for value in column]
    canonical, size = measure_numbers(texts)
    if canonical is not texts:
        for value, text in zip(column, canonical, strict=True):
            value["N"] = text
    return size
