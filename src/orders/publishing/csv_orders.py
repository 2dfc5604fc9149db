"""Orders from CSV: a line an order, a column a field, as a mapping says.

Promises: a number keeps its digits; an empty cell is a field left out; a line that makes no order is handed on
with the reason, so that it is named and the others go on. https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TextIO

from orders.errors import OperatorError, OrderRejected
from orders.publishing.message import encode_order

DELIMITERS = ",;\t|"
# What these fields are where nobody says otherwise; all others are strings.
TYPE_OF_FIELD = {"total": "decimal", "quantity": "decimal", "items": "json"}


class Column(NamedTuple):
    """A field of the order, the column that it comes from, and its type."""

    field: str
    column: str
    type: str


def parse_columns(texts: Sequence[str]) -> list[Column]:
    """Mappings such as ``orderId=Number,total=Amount:decimal``. Raises OperatorError."""
    columns = [_parse_column(part.strip()) for text in texts for part in text.split(",")]
    fields = [column.field for column in columns]
    if columns and "orderId" not in fields:
        raise OperatorError("the mapping has no column for orderId", "Add one, such as --map orderId=Number.")
    for field in fields:
        if fields.count(field) > 1:
            raise OperatorError(f"the mapping has {field} twice")
    return columns


def _parse_column(text: str) -> Column:
    field, equals, source = text.partition("=")
    column, colon, kind = source.rpartition(":")
    if not colon:
        column, kind = source, TYPE_OF_FIELD.get(field, "string")
    if not (field and equals and column):
        raise OperatorError(
            f"{text!r} is not a mapping", "Write FIELD=COLUMN or FIELD=COLUMN:TYPE, such as total=Amount:decimal."
        )
    if kind not in PARSERS:
        raise OperatorError(f"{kind!r} is not a column type", f"Use one of {', '.join(PARSERS)}.")
    return Column(field, column, kind)


def read_csv(lines: TextIO, source: str, columns: Sequence[Column] = ()) -> Iterator[tuple[int, str, str | None]]:
    """For each order the line where it begins, its text, and why it is none. The first line names the columns.

    Without ``columns`` each column is the field of its own name. Raises OperatorError where a column is missing.
    """
    first = lines.readline()
    delimiter = max(DELIMITERS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if not names:
        return
    chosen = columns or [Column(name, name, TYPE_OF_FIELD.get(name, "string")) for name in names if name]
    _check_columns(chosen, names, source)
    reader = csv.reader(lines, delimiter=delimiter)
    begins = 2
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield begins, "", f"invalid CSV: {error}"
            begins = reader.line_num + 2
            continue
        if cells is None:
            return
        if any(cells):
            yield begins, *_make_order(cells, names, chosen)
        begins = reader.line_num + 2


def _check_columns(columns: Sequence[Column], names: Sequence[str], source: str) -> None:
    for column in columns:
        if column.column not in names:
            raise OperatorError(
                f"{source} has no column {column.column}; it has {', '.join(names)}",
                "Map columns to fields: --map orderId=COLUMN,total=COLUMN:decimal",
            )
    if not any(column.field == "orderId" for column in columns):
        raise OperatorError(
            f"{source} has no column orderId; it has {', '.join(names)}",
            "Map columns to fields: --map orderId=COLUMN,total=COLUMN:decimal",
        )


def _make_order(cells: list[str], names: list[str], columns: Sequence[Column]) -> tuple[str, str | None]:
    if len(cells) != len(names):
        return ",".join(cells), f"{len(cells)} cells, but the header has {len(names)} columns"
    row: Mapping[str, str] = dict(zip(names, cells, strict=True))
    fields: dict[str, Any] = {}
    for field, column, kind in columns:
        if not row[column]:
            continue
        try:
            fields[field] = PARSERS[kind](row[column])
        except (ValueError, KeyError, InvalidOperation, RecursionError):
            return ",".join(cells), f"{field}: {row[column]!r} in column {column} is not a valid {kind}"
    try:
        return encode_order(fields), None
    except OrderRejected as error:
        return ",".join(cells), error.reason


def _parse_decimal(text: str) -> Decimal:
    number = Decimal(text.strip())
    if not number.is_finite() or "_" in text:
        raise ValueError(text)
    return number


def _parse_boolean(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.strip().lower()]


def _parse_json(text: str) -> Any:
    return json.loads(text, parse_float=_parse_decimal)


PARSERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "decimal": _parse_decimal,
    "integer": int,
    "boolean": _parse_boolean,
    "json": _parse_json,
}
