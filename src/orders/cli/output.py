"""How commands speak: JSON for programs, plain words with a little colour for people."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from orders.json_text import to_json
from orders.text import printable_block

# No line is ever cut or broken there.
WIDTH_OF_NO_TERMINAL = 100_000

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def console(*, stderr: bool = False) -> Console:
    """A terminal's console; colours follow NO_COLOR and the terminal. Elsewhere lines are as long as they are."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH_OF_NO_TERMINAL)


def terminal_width() -> int | None:
    """How many columns the terminal has; None if the output is no terminal."""
    screen = console()
    return screen.width if screen.is_terminal else None


def print_rich(renderable: RenderableType) -> None:
    """Print a table of rich's; where the output is no terminal, without the spaces that fill its columns."""
    screen = console()
    if screen.is_terminal:
        screen.print(renderable)
        return
    with screen.capture() as captured:
        screen.print(renderable)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def say(text: str = "", *, err: bool = False, nl: bool = True, fg: str | None = None) -> None:
    """Print text for people. What a terminal would obey is escaped, except lines and tabs."""
    click.secho(printable_block(text), err=err, nl=nl, fg=fg)


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
