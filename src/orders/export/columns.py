"""What a row of an export holds: fields of an order, or of one of its lines together with its order's.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orders.domain.contract import FIELDS, LINE_FIELDS, is_personal

LINE = "line"
ITEMS = "items"
ORDER_COLUMNS = tuple(field.name for field in FIELDS if not field.fields)
LINE_COLUMNS = tuple(field.name for field in LINE_FIELDS)
ORDER_OF_LINE_COLUMNS = ("orderId", "userId", "status", "timestamp", "country", "currency")
LINES_COLUMNS = ("orderId", LINE, *LINE_COLUMNS, *ORDER_OF_LINE_COLUMNS[1:])


def personal_columns(columns: Sequence[str]) -> list[str]:
    """Those that may tell who the customer is."""
    known = {LINE, *LINE_COLUMNS}
    return [name for name in columns if name not in known and is_personal(name.partition(".")[0])]


def order_row(order: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The fields of an order. A column is a field's name, or a path into objects such as ``address.city``."""
    return {name: find_value(order, name) for name in columns}


def line_rows(order: Mapping[str, Any], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row for each order line. An order without lines has one, with its own article and quantity."""
    items = order.get(ITEMS)
    lines = [one for one in items if isinstance(one, Mapping)] if isinstance(items, list) else []
    for number, line in enumerate(lines, 1):
        own = {**order, **dict.fromkeys(LINE_COLUMNS), **line, LINE: number}
        yield {name: find_value(own, name) for name in columns}
    if not lines:
        yield {name: find_value({**order, LINE: 1}, name) for name in columns}


def find_value(fields: Mapping[str, Any], path: str) -> Any:
    """The value at a path; None if there is none. A field whose name has dots is found by its name."""
    if path in fields:
        return fields[path]
    value: Any = fields
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value
