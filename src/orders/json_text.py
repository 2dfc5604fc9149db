"""JSON as text, exact: what the command line prints and the console shows."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from orders.text import printable_json

# Deeper values stand on one line, so that indentation never multiplies the length of a hostile text.
INDENTED_LEVELS = 8
# DynamoDB's numbers are within; a larger or smaller one is written with its exponent.
_PLAIN_MAGNITUDE = 130


class _Written(str):
    """A number as it was written."""

    __slots__ = ()


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON with decimals written digit for digit, which the standard library's encoder cannot.

    Characters that a terminal would obey, and halves of surrogate pairs, are escaped as JSON escapes them.
    """
    return printable_json(_encode(value, indent, "\n", 0))


def lay_out(text: str) -> str:
    """JSON text laid out in lines, its numbers as they were written. Raises ValueError or RecursionError."""
    return lay_out_value(read_exact(text))


def read_exact(text: str) -> Any:
    """A JSON value whose numbers keep their text. Raises ValueError or RecursionError."""
    return json.loads(text, parse_int=_Written, parse_float=_Written, parse_constant=_Written)


def lay_out_value(value: Any) -> str:
    """A value of read_exact as JSON text in lines."""
    return to_json(value, indent=2)


def _encode(value: Any, indent: int | None, newline: str, level: int) -> str:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, _Written):
        return str(value)
    if isinstance(value, dict):
        members = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        return _bracket("{}", members, list(value.values()), indent, newline, level)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _bracket("[]", [""] * len(value), list(value), indent, newline, level)
    return json.dumps(value, ensure_ascii=False, default=lambda other: other.decode("utf-8", "replace"))


def _number(value: Decimal) -> str:
    return format(value, "f") if abs(value.adjusted()) <= _PLAIN_MAGNITUDE and value else str(value)


def _bracket(pair: str, labels: list[str], values: list[Any], indent: int | None, newline: str, level: int) -> str:
    if not values:
        return pair
    if level >= INDENTED_LEVELS:
        indent = None
    inner = newline if indent is None else newline + " " * indent
    members = [label + _encode(value, indent, inner, level + 1) for label, value in zip(labels, values, strict=True)]
    if indent is None:
        return f"{pair[0]}{', '.join(members)}{pair[1]}"
    return f"{pair[0]}{inner}{f',{inner}'.join(members)}{newline}{pair[1]}"
