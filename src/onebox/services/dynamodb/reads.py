"""Query and Scan: what to read, what to keep, where to stop.

Promises: a page ends after ``Limit`` items or before it would exceed 1 MB, counted before filtering, or when it has
cost as much as a page may, and then names the key after which the next page begins.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from onebox.errors import ValidationException
from onebox.services.dynamodb.capacity import Meter, read_units
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.expressions.conditions import holds, paths_of
from onebox.services.dynamodb.expressions.effort import (
    PAGE_EFFORT_MAX,
    check_effort,
    count_large_values,
    count_operators,
    row_effort,
)
from onebox.services.dynamodb.expressions.nodes import Condition, Path
from onebox.services.dynamodb.expressions.projections import project
from onebox.services.dynamodb.limits import PAGE_BYTES_MAX
from onebox.services.dynamodb.model import GLOBAL, Index, Table
from onebox.services.dynamodb.pages import Start, read_all, read_range
from onebox.services.dynamodb.ranges import KeyRange
from onebox.services.dynamodb.schema import ON_DEMAND
from onebox.services.dynamodb.store.items import ItemStore, Rows
from onebox.services.dynamodb.values.attributes import Item
from onebox.services.dynamodb.values.keys import SLOTS, segment_slots, split_slots

_ON_DEMAND_PARTITIONS = 4
"""How many partitions AWS gives a new on-demand table."""


@dataclass(slots=True)
class Reading:
    """A page to read. ``key_range`` is None for a Scan."""

    table: Table
    index: Index | None = None
    key_range: KeyRange | None = None
    forward: bool = True
    segment: tuple[int, int] | None = None
    start: Start | None = None
    limit: int | None = None
    filter: Condition | None = None
    paths: tuple[Path, ...] | None = None
    counts_only: bool = False
    consistent: bool = False
    keeps_rows: bool = True
    """Whole items may be answered as the JSON that is stored; False where the caller looks into them."""
    fetches_item: bool = False
    """A local index is asked for attributes that only the table holds."""

    @property
    def shows_part(self) -> bool:
        """Whether the index that is read does not hold the items whole."""
        return self.index is not None and self.index.projected_names is not None and not self.fetches_item

    @property
    def shows_rows(self) -> bool:
        """Whether items are answered as they are stored, and nobody looks into them."""
        return self.filter is None and self.paths is None and self.keeps_rows and not self.shows_part


@dataclass(slots=True)
class Page:
    items: list[Any] = field(default_factory=list)
    """Items, or fragments of JSON where nothing had to be looked at."""
    count: int = 0
    scanned: int = 0
    last: bytes | None = None
    """The last item evaluated, if the page stopped before the end."""
    read_bytes: int = 0
    latest: bytes | None = None
    """The last item read so far."""
    effort: int = 0
    """What looking at the items has cost so far."""
    large_values: int = 0
    """How many values of a large request the filter looks at, each time."""


def read_page(store: ItemStore, reading: Reading, meter: Meter) -> Page:
    """Read one page."""
    page = Page()
    if reading.filter is not None:
        page.large_values = count_large_values(reading.filter)
        check_effort(reading.filter, b"", page.large_values)
    units = 0.0
    for rows in _partitions(store, reading):
        read_before = page.read_bytes
        try:
            is_full = _fill(page, rows, reading)
        finally:
            rows.close()  # it holds a statement open
        units += read_units(page.read_bytes - read_before, consistent=reading.consistent)
        if is_full:
            page.last = page.latest
            break
    _meter(reading, page, units, meter)
    return page


def _fill(page: Page, rows: Rows, reading: Reading) -> bool:
    """Add rows to the page; True if it is full before their end."""
    operators = count_operators(reading.filter)
    shows_rows, limit = reading.shows_rows, reading.limit
    for size_bytes, data in rows:
        if page.scanned and page.read_bytes + size_bytes > PAGE_BYTES_MAX:
            return True
        page.read_bytes += size_bytes
        page.scanned += 1
        page.latest = data
        if not shows_rows:
            _keep(page, data, reading)
        elif reading.counts_only:
            page.count += 1
        else:
            page.count += 1
            page.items.append(orjson.Fragment(data))
        page.effort += 1 if shows_rows else row_effort(operators, data, page.large_values)
        if page.scanned == limit or page.effort > PAGE_EFFORT_MAX:
            return True
    return False


def _keep(page: Page, data: bytes, reading: Reading) -> None:
    """Add an item that has to be looked into, unless the filter leaves it out."""
    item: Item = orjson.loads(data)
    if reading.index is not None and reading.shows_part:
        item = reading.index.project(item)
    if reading.filter is not None and not holds(reading.filter, item):
        return
    page.count += 1
    if not reading.counts_only:
        page.items.append(item if reading.paths is None else project(item, reading.paths))


def _partitions(store: ItemStore, reading: Reading) -> Iterator[Rows]:
    """The rows to read, those of each partition by themselves.

    A Query reads one partition. A Scan of a provisioned table reads all as one; a Scan of an on-demand table reads the
    four that AWS makes of such a table, each of which is charged by itself.
    """
    if reading.key_range is not None:
        yield read_range(
            store,
            reading.table,
            reading.index,
            reading.key_range,
            start=reading.start,
            forward=reading.forward,
        )
        return
    first, end = (0, SLOTS) if reading.segment is None else segment_slots(*reading.segment)
    is_split = reading.index is None and reading.table.settings["BillingMode"] == ON_DEMAND
    start = reading.start
    for low, high in split_slots(first, end, _ON_DEMAND_PARTITIONS if is_split else 1):
        if start is not None and start.position.partition_key[:1] >= bytes([high]):
            continue  # this partition was read by earlier pages
        yield read_all(store, reading.table, reading.index, (bytes([low]), bytes([high])), start)
        start = None


def _meter(reading: Reading, page: Page, units: float, meter: Meter) -> None:
    meter.read(reading.table, units, reading.index)
    if reading.fetches_item:
        # Each item that a local index does not hold whole is fetched from the table by itself.
        meter.read(reading.table, page.scanned * read_units(1, consistent=reading.consistent))


def last_evaluated_key(reading: Reading, page: Page) -> Item | None:
    """The ``LastEvaluatedKey`` of a page, None if it reached the end."""
    if page.last is None:
        return None
    item = orjson.loads(page.last)
    key = reading.table.key.key_of(item)
    if reading.index is not None:
        key = {**reading.index.key.key_of(item), **key}
    return key


def check_projected(reading: Reading) -> None:
    """Refuse paths that a global index does not hold; have a local index fetch them from the table."""
    index = reading.index
    if index is None or reading.paths is None:
        return
    missing = [path for path in reading.paths if index.lacks(path)]
    if not missing:
        return
    if index.scope == GLOBAL:
        names = ", ".join(str(path.parts[0]) for path in missing)
        raise ValidationException(
            f"One or more parameter values were invalid: Global secondary index {index.name} does not project [{names}]"
        )
    reading.fetches_item = True


def check_filter_projected(condition: Condition | None, index: Index | None) -> None:
    """Refuse a filter on attributes that an index does not hold."""
    if condition is None or index is None:
        return
    missing = dict.fromkeys(str(path.parts[0]) for path in paths_of(condition) if index.lacks(path))
    if missing:
        raise invalid_values(
            f"Secondary index {index.name} does not project one or more filter attributes: [{', '.join(missing)}]"
        )


def check_scalar_keys(paths: Iterable[Path], table: Table, index: Index | None) -> None:
    """Refuse paths that go into a key attribute, which is a scalar."""
    for path in paths:
        if len(path.parts) == 1:
            continue
        head = path.parts[0]
        kind = "Key" if head in table.key.names else "IndexKey" if index and head in index.key.names else None
        if kind is not None:
            raise ValidationException(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"{kind}: {head}"
            )
