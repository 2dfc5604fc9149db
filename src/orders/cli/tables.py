"""Tables for terminals of any width, and for pipes.

Promises: no cell is cut and no word of it is broken. A table that is too wide for the terminal moves the columns marked
``is_below`` under their row; one that is still too wide prints each row as a block of lines. Ids stay in one piece, so
they can be copied. Without a terminal every row is one line. Pure, except for ``print_table``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from orders.cli.output import terminal_width
from orders.text import printable

GAP = "  "
INDENT = 4
# Lines narrower than this cannot be read.
WRAP_MIN = 20


class Column(NamedTuple):
    """A column of a table."""

    name: str
    is_right: bool = False
    is_below: bool = False
    """Whether the cell stands under its row if the terminal is too narrow."""


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in the width of the terminal."""
    for line in layout(columns, [[printable(cell) for cell in row] for row in rows], terminal_width()):
        click.echo(line)


def layout(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """The lines of a table; ``width`` is None where lines may have any length."""
    beside = range(len(columns))
    if not _fits(columns, rows, beside, width):
        beside_left = [index for index in beside if not columns[index].is_below]
        if not _fits(columns, rows, beside_left, width):
            yield from _blocks(columns, rows, width or 0)
            return
        yield from _lines(columns, rows, beside_left, width)
        return
    yield from _lines(columns, rows, beside, width)


def wrap(text: str, indent: int, width: int | None) -> list[str]:
    """Text in lines of the width, the first without the indent; a longer word stays whole on a line of its own."""
    if width is None or width - indent < WRAP_MIN:
        return [text]
    lines = textwrap.wrap(text, width - indent, break_long_words=False, break_on_hyphens=False) or [""]
    return [lines[0], *(" " * indent + line for line in lines[1:])]


def _cell_len(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], beside: Sequence[int]) -> list[int]:
    return [max(map(_cell_len, [columns[index].name, *(row[index] for row in rows)])) for index in beside]


def _fits(columns: Sequence[Column], rows: Sequence[Sequence[str]], beside: Sequence[int], width: int | None) -> bool:
    return width is None or sum(_widths(columns, rows, beside)) + len(GAP) * (len(beside) - 1) <= width


def _lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], beside: Sequence[int], width: int | None
) -> Iterator[str]:
    widths = _widths(columns, rows, beside)
    yield _row([columns[index] for index in beside], [columns[index].name for index in beside], widths)
    below = [index for index in range(len(columns)) if index not in beside]
    for row in rows:
        yield _row([columns[index] for index in beside], [row[index] for index in beside], widths)
        for index in below:
            label = f"{' ' * INDENT}{columns[index].name}  "
            first, *others = wrap(row[index], len(label), width)
            yield label + first
            yield from others


def _row(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for column, cell, width in zip(columns, cells, widths, strict=True):
        space = " " * (width - _cell_len(cell))
        padded.append(space + cell if column.is_right else cell + space)
    return GAP.join(padded).rstrip()


def _blocks(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Each row as lines of name and cell, an empty line between rows."""
    name_width = max(len(column.name) for column in columns)
    for number, row in enumerate(rows):
        if number:
            yield ""
        for column, cell in zip(columns, row, strict=True):
            label = f"{column.name:<{name_width}}{GAP}"
            first, *others = wrap(cell, len(label), width)
            yield (label + first).rstrip()
            yield from others
