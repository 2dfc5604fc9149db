"""How commands speak: JSON for programs, plain words with a little colour for people."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

WIDTH_OF_NO_TERMINAL = 240

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A terminal's console; colours follow NO_COLOR and the terminal. Elsewhere lines are as long as they are."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH_OF_NO_TERMINAL)


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


def print_json(value: Any) -> None:
    """One JSON document on a line of its own."""
    click.echo(to_json(value))


def show_time(at_ms: int | None) -> str:
    if at_ms is None:
        return "-"
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def show_count(number: float) -> str:
    return f"{number:,.0f}"


def show_number(number: float) -> str:
    """With decimals only where there are any."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
