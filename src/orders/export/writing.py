"""Rows as CSV or JSON Lines, one after the other."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import IO, Any

from orders.json_text import to_json
from orders.text import csv_cell, printable


def write_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str], stream: IO[str]) -> None:
    """A line of names, then a line for each row. Lists and objects are JSON. No cell is taken for a formula."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in columns])
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])


def write_json_lines(rows: Iterable[dict[str, Any]], stream: IO[str]) -> None:
    """A line for each row, numbers exact."""
    for row in rows:
        stream.write(f"{to_json(row)}\n")


def _cell(value: Any) -> str:
    return csv_cell(value) if value is None or isinstance(value, str) else printable(to_json(value))
