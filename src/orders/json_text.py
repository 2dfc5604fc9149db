"""JSON as text, exact: what the command line prints and the console shows."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON with decimals written digit for digit, which the standard library's encoder cannot."""
    return _encode(value, indent, "\n")


def _encode(value: Any, indent: int | None, newline: str) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        members = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        return _bracket("{}", members, list(value.values()), indent, newline)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _bracket("[]", [""] * len(value), list(value), indent, newline)
    return json.dumps(value, ensure_ascii=False, default=lambda other: other.decode("utf-8", "replace"))


def _bracket(pair: str, labels: list[str], values: list[Any], indent: int | None, newline: str) -> str:
    if not values:
        return pair
    inner = newline if indent is None else newline + " " * indent
    members = [label + _encode(value, indent, inner) for label, value in zip(labels, values, strict=True)]
    if indent is None:
        return f"{pair[0]}{', '.join(members)}{pair[1]}"
    return f"{pair[0]}{inner}{f',{inner}'.join(members)}{newline}{pair[1]}"
