"""What each command does with a stream of rows. Pure; memory is bounded whatever is read."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from onebox.services.logs.insights.aggregates import Aggregate
from onebox.services.logs.insights.expressions import Compute
from onebox.services.logs.insights.row import Row
from onebox.services.logs.insights.values import is_true, sort_key, to_text

GROUPS_MAX = 10_000
_DEDUP_MAX = 100_000


class Stage(Protocol):
    """One command at work."""

    def feed(self, row: Row) -> Iterable[Row]:
        """The rows that leave because this one came."""

    def finish(self) -> Iterable[Row]:
        """The rows that leave because no more come."""

    @property
    def is_full(self) -> bool:
        """Whether no further row can change what leaves."""


class _Streaming:
    """A stage that keeps nothing back."""

    is_full = False

    def finish(self) -> Iterable[Row]:
        """Nothing is kept."""
        return ()


class FieldsStage(_Streaming):
    """Sets the fields that are computed or renamed."""

    def __init__(self, computed: Sequence[tuple[str, Compute]]) -> None:
        self._computed = computed

    def feed(self, row: Row) -> Iterable[Row]:
        """The row with its new fields."""
        for name, compute in self._computed:
            row.values[name] = compute(row)
        return (row,)


class FilterStage(_Streaming):
    """Lets rows through for which a condition holds."""

    def __init__(self, condition: Compute) -> None:
        self._condition = condition

    def feed(self, row: Row) -> Iterable[Row]:
        """The row, or nothing."""
        return (row,) if is_true(self._condition(row)) else ()


class ParseStage(_Streaming):
    """Sets fields from what a pattern finds in a text; a row without a match goes on without them."""

    def __init__(self, source: Compute, capture: Callable[[str], dict[str, str | None]]) -> None:
        self._source = source
        self._capture = capture

    def feed(self, row: Row) -> Iterable[Row]:
        """The row with what was found."""
        text = self._source(row)
        if text is not None:
            row.values.update(self._capture(to_text(text)))
        return (row,)


class DedupStage(_Streaming):
    """Lets the first row of each combination of values through; rows that lack one of them do not count."""

    def __init__(self, computes: Sequence[Compute]) -> None:
        self._computes = computes
        self._seen: set[int] = set()

    def feed(self, row: Row) -> Iterable[Row]:
        """The row, or nothing."""
        values = [compute(row) for compute in self._computes]
        key = hash(tuple(to_text(value) for value in values))
        if any(value is None for value in values) or key in self._seen or len(self._seen) >= _DEDUP_MAX:
            return ()
        self._seen.add(key)
        return (row,)


class LimitStage(_Streaming):
    """Lets the first rows through."""

    def __init__(self, count: int) -> None:
        self._left = count

    @property
    def is_full(self) -> bool:  # type: ignore[override]
        """Whether all rows have come."""
        return self._left == 0

    def feed(self, row: Row) -> Iterable[Row]:
        """The row, or nothing."""
        if self._left == 0:
            return ()
        self._left -= 1
        return (row,)


class SortStage:
    """Keeps the first rows in the order asked for, as many as can be shown."""

    is_full = False

    def __init__(self, keys: Sequence[tuple[Compute, bool]], count: int) -> None:
        self._keys = keys
        self._count = count
        self._rows: list[tuple[_Order, int, Row]] = []
        self._number = itertools.count()

    def feed(self, row: Row) -> Iterable[Row]:
        """Nothing yet."""
        # The heap's least element is the row that comes last: the first to go. Of equal rows the later one goes.
        order = _Order([(sort_key(compute(row)), descending) for compute, descending in self._keys])
        entry = (order, -next(self._number), row)
        if len(self._rows) < self._count:
            heapq.heappush(self._rows, entry)
        elif self._rows[0][0] < order:
            heapq.heapreplace(self._rows, entry)
        return ()

    def finish(self) -> Iterable[Row]:
        """The rows in order."""
        return [row for _, _, row in sorted(self._rows, key=lambda entry: entry[:2], reverse=True)]


class _Order:
    """A row's keys; greater is what comes earlier."""

    __slots__ = ("_keys",)

    def __init__(self, keys: list[tuple[tuple[int, float, str], bool]]) -> None:
        self._keys = keys

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Order) and self._keys == other._keys

    def __lt__(self, other: _Order) -> bool:
        for (own, descending), (theirs, _) in zip(self._keys, other._keys, strict=True):
            if own != theirs:
                return own < theirs if descending else own > theirs
        return False


class StatsStage:
    """Aggregates rows by groups."""

    is_full = False

    def __init__(
        self, aggregates: Sequence[tuple[str, Callable[[], Aggregate]]], groups: Sequence[tuple[str, Compute]]
    ) -> None:
        self._aggregates = aggregates
        self._groups = groups
        self._states: dict[tuple[str, ...], tuple[list[Any], list[Aggregate]]] = {}

    def feed(self, row: Row) -> Iterable[Row]:
        """Nothing yet."""
        values = [compute(row) for _, compute in self._groups]
        key = tuple(to_text(value) for value in values)
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= GROUPS_MAX:
                return ()
            state = self._states[key] = (values, [make() for _, make in self._aggregates])
        for aggregate in state[1]:
            aggregate.add(row)
        return ()

    def finish(self) -> Iterable[Row]:
        """A row for each group."""
        if not self._states and not self._groups:
            self._states[()] = ([], [make() for _, make in self._aggregates])
        for values, aggregates in self._states.values():
            row = Row(None)
            row.values.update(zip((name for name, _ in self._groups), values, strict=True))
            results = (aggregate.result() for aggregate in aggregates)
            row.values.update(zip((name for name, _ in self._aggregates), results, strict=True))
            yield row
