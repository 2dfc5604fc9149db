"""Goal: an export holds a few orders at a time, however many there are: one for text, a group for Parquet."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest

from orders.export.columns import ORDER_COLUMNS, order_row
from orders.export.parquet import GROUP_ROWS, write_parquet
from orders.export.selection import PAGE, Wanted, read_orders
from orders.export.writing import write_csv, write_json_lines

Write = Callable[[Iterable[dict[str, Any]], Path], None]


class Item(dict[str, Any]):
    """An order that is counted while anything holds it."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Table:
    """So many orders; ``most`` were alive at a time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._alive: WeakSet[Item] = WeakSet()
        self.most = 0

    def _make(self, number: int) -> Item:
        item = Item(orderId=str(number), userId="ada", total=number)
        self._alive.add(item)
        self.most = max(self.most, len(self._alive))
        return item

    def scan(self, user: str | None, statuses: Sequence[str]) -> Iterator[dict[str, Any]]:
        return map(self._make, range(self._count))

    def stored_ids(self, since_ms: int, until_ms: int | None) -> Iterator[str]:
        return map(str, range(self._count))

    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {one: self._make(int(one)) for one in order_ids}


def write_text(rows: Iterable[dict[str, Any]], _path: Path) -> None:
    write_csv((order_row(row, ORDER_COLUMNS) for row in rows), ORDER_COLUMNS, io.StringIO())


def write_lines(rows: Iterable[dict[str, Any]], _path: Path) -> None:
    write_json_lines(rows, io.StringIO())


def write_groups(rows: Iterable[dict[str, Any]], path: Path) -> None:
    write_parquet((order_row(row, ORDER_COLUMNS) for row in rows), ORDER_COLUMNS, path)


@pytest.mark.parametrize(("write", "held"), [(write_text, 3), (write_lines, 3), (write_groups, GROUP_ROWS)])
def test_orders_are_read_and_written_one_after_the_other(tmp_path: Path, write: Write, held: int) -> None:
    if write is write_groups and importlib.util.find_spec("pyarrow") is None:
        pytest.skip("Parquet needs pyarrow")
    table = Table(GROUP_ROWS + 100 if write is write_groups else 500)
    write(read_orders(table, Wanted()), tmp_path / "orders")
    assert 0 < table.most <= held


def test_orders_by_stored_time_are_read_a_page_at_a_time(tmp_path: Path) -> None:
    table = Table(5 * PAGE)
    write_lines(read_orders(table, Wanted(stored_since_ms=0)), tmp_path)
    assert 0 < table.most <= 2 * PAGE
