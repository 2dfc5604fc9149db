"""Reading a page of a table or index in key order.

Promises: a page costs what it reads, however large the table is; it resumes after any key, whether that item still
exists or not; no row is parsed that need not be.
"""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.dynamodb.model import Index, Table
from onebox.services.dynamodb.ranges import KeyRange
from onebox.services.dynamodb.store.items import ItemStore, Rows
from onebox.services.dynamodb.values.keys import Position


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page goes on: after this position; in an index, the item's own position decides among equals."""

    position: Position
    item_position: Position


def read_range(
    store: ItemStore,
    table: Table,
    index: Index | None,
    key_range: KeyRange,
    *,
    start: Start | None,
    forward: bool,
) -> Rows:
    """The rows of one partition within bounds, in the order of their sort keys."""
    columns = _KEY_COLUMNS if index is None else _ENTRY_KEY_COLUMNS
    where = [f"{columns[0]} = ?"]
    parameters: list[object] = [key_range.partition_key]
    for bound, sign, resumed in ((key_range.lower, ">", forward), (key_range.upper, "<", not forward)):
        # A page that goes on has its start for this bound; two would leave SQLite to choose where it begins.
        if bound is not None and not (resumed and start is not None):
            where.append(f"{columns[1]} {sign}{'=' if bound.inclusive else ''} ?")
            parameters.append(bound.value)
    if start is not None:
        _resume(where, parameters, columns[1:], _key_values(start, index)[1:], forward)
    return _read(store, table, index, where, parameters, order=columns[1:], forward=forward)


def read_all(
    store: ItemStore, table: Table, index: Index | None, bounds: tuple[bytes, bytes], start: Start | None
) -> Rows:
    """The rows with partition keys from the first bound up to but without the second, in the store's order."""
    columns = _KEY_COLUMNS if index is None else _ENTRY_KEY_COLUMNS
    where = [f"{columns[0]} < ?"]
    parameters: list[object] = [bounds[1]]
    if start is None:
        where.append(f"{columns[0]} >= ?")
        parameters.append(bounds[0])
    else:
        _resume(where, parameters, columns, _key_values(start, index), True)
    return _read(store, table, index, where, parameters, order=columns, forward=True)


_KEY_COLUMNS = ("i.partition_key", "i.sort_key")
_ENTRY_KEY_COLUMNS = ("e.partition_key", "e.sort_key", "e.item_partition_key", "e.item_sort_key")


def _key_values(start: Start, index: Index | None) -> tuple[bytes, ...]:
    return start.position if index is None else (*start.position, *start.item_position)


def _resume(
    where: list[str], parameters: list[object], columns: tuple[str, ...], values: tuple[bytes, ...], forward: bool
) -> None:
    marks = ", ".join("?" for _ in columns)
    where.append(f"({', '.join(columns)}) {'>' if forward else '<'} ({marks})")
    parameters.extend(values)


def _read(
    store: ItemStore,
    table: Table,
    index: Index | None,
    where: list[str],
    parameters: list[object],
    *,
    order: tuple[str, ...],
    forward: bool,
) -> Rows:
    if index is None:
        source = "i.size_bytes, i.item FROM dynamodb_items i WHERE i.table_id = ?"
        owner = table.table_id
    else:
        source = (
            "e.size_bytes, i.item FROM dynamodb_index_entries e CROSS JOIN dynamodb_items i "
            "ON i.item_id = e.item_id WHERE e.index_id = ?"
        )
        owner = index.index_id
    direction = "" if forward else " DESC"
    sql = f"SELECT {source} AND {' AND '.join(where)} ORDER BY {', '.join(column + direction for column in order)}"
    return store.open_rows(sql, [owner, *parameters])
