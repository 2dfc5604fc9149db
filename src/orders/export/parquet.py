"""Rows as Parquet, a group of rows at a time. Needs the package pyarrow.

Numbers of the contract are decimals of 38 digits, 9 of them after the point; everything else is text, lists and objects
as JSON.
https://arrow.apache.org/docs/python/generated/pyarrow.parquet.ParquetWriter.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from orders.domain.contract import FIELDS, LINE_FIELDS
from orders.errors import OperatorError
from orders.export.columns import LINE
from orders.json_text import to_json

GROUP_ROWS = 10_000
DIGITS, DECIMALS = 38, 9
NUMBERS = {LINE, *(field.name for field in (*FIELDS, *LINE_FIELDS) if field.kind in ("integer", "number"))}


def check_is_installed() -> None:
    """Raises OperatorError without pyarrow."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise OperatorError(
            "Parquet needs the package pyarrow, which is not installed",
            "Install it with `pip install pyarrow`, or choose --format csv or jsonl.",
        ) from error


def write_parquet(rows: Iterable[dict[str, Any]], columns: Sequence[str], path: Path) -> None:
    """Write all rows to a file. Raises OperatorError for a number that does not fit."""
    import pyarrow
    import pyarrow.parquet

    number = pyarrow.decimal128(DIGITS, DECIMALS)
    schema = pyarrow.schema([(name, number if name in NUMBERS else pyarrow.string()) for name in columns])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for group in _groups(rows):
            values = {name: [_value(name, row[name]) for row in group] for name in columns}
            try:
                writer.write_table(pyarrow.table(values, schema=schema))
            except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
                raise OperatorError(
                    f"a number does not fit {DIGITS} digits with {DECIMALS} decimals: {error}",
                    "Choose --format csv or jsonl: they hold every number exactly.",
                ) from error


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while group := list(islice(iterator, GROUP_ROWS)):
        yield group


def _value(name: str, value: Any) -> Any:
    if name in NUMBERS:
        return Decimal(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None
    return value if value is None or isinstance(value, str) else to_json(value)
