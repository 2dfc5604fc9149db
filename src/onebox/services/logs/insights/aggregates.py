"""Aggregate functions of ``stats``: what each keeps of the rows of a group, in bounded memory. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from onebox.runtime.metrics import Statistic
from onebox.services.logs.insights.expressions import Compute, compile_expression
from onebox.services.logs.insights.lexer import QueryError
from onebox.services.logs.insights.nodes import Call, Expression, Literal
from onebox.services.logs.insights.row import Row
from onebox.services.logs.insights.values import sort_key, to_number, to_text

_DISTINCT_MAX = 100_000


class Aggregate(Protocol):
    """The state of one function for one group."""

    def add(self, row: Row) -> None:
        """Take a row in."""

    def result(self) -> Any:
        """The value over all rows taken in; None if there is none."""


class _Count:
    def __init__(self, compute: Compute | None) -> None:
        self._compute = compute
        self._count = 0

    def add(self, row: Row) -> None:
        self._count += self._compute is None or self._compute(row) is not None

    def result(self) -> Any:
        return self._count


class _CountDistinct:
    """Exact up to a bound, and no more than the bound beyond it."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._seen: set[int] = set()

    def add(self, row: Row) -> None:
        value = self._compute(row)
        if value is not None and len(self._seen) < _DISTINCT_MAX:
            self._seen.add(hash(to_text(value)))

    def result(self) -> Any:
        return len(self._seen)


class _Numbers:
    """Sums, extremes and the distribution of numbers, rounded where there are many different ones."""

    def __init__(self, compute: Compute, finish: Callable[[Statistic, float], Any]) -> None:
        self._compute = compute
        self._finish = finish
        self._statistic = Statistic(0, 0, math.inf, -math.inf, {})
        self._squares = 0.0

    def add(self, row: Row) -> None:
        number = to_number(self._compute(row))
        if number is not None and math.isfinite(number) and abs(number) < 1e150:
            self._statistic.add(float(number))
            self._squares += number * number

    def result(self) -> Any:
        return self._finish(self._statistic, self._squares) if self._statistic.samples else None


class _Extreme:
    """The least or greatest value, or that of the row whose key is so."""

    def __init__(self, compute: Compute, key: Compute, *, greatest: bool) -> None:
        self._compute = compute
        self._key = key
        self._greatest = greatest
        self._best: Any = None
        self._value: Any = None

    def add(self, row: Row) -> None:
        value = self._compute(row)
        if value is None:
            return
        key = sort_key(self._key(row))
        if self._best is None or (key > self._best if self._greatest else key < self._best):
            self._best, self._value = key, value

    def result(self) -> Any:
        return self._value


def _deviation(statistic: Statistic, squares: float) -> float:
    mean = statistic.total / statistic.samples
    return math.sqrt(max(0.0, squares / statistic.samples - mean * mean))


def _percentile(percent: float) -> Callable[[Statistic, float], Any]:
    def finish(statistic: Statistic, _: float) -> Any:
        values = sorted((statistic.values or {}).items())
        wanted, seen = statistic.samples * percent / 100, 0.0
        for value, samples in values:
            seen += samples
            if seen >= wanted - 1e-9:
                return value
        return values[-1][0] if values else None

    return finish


_NUMERIC: dict[str, Callable[[Statistic, float], Any]] = {
    "sum": lambda statistic, _: statistic.total,
    "avg": lambda statistic, _: statistic.total / statistic.samples,
    "stddev": _deviation,
    "median": _percentile(50),
}


def compile_aggregate(expression: Expression, now_ms: int) -> Callable[[], Aggregate]:
    """What makes the state of an aggregate function. Raises QueryError."""
    if not isinstance(expression, Call):
        raise QueryError("stats expects aggregate functions, as count(*).", 0)
    name, place = expression.function, expression.place
    if name == "count":
        is_all = not expression.arguments or getattr(expression.arguments[0], "name", None) == "*"
        compute = None if is_all else compile_expression(expression.arguments[0], now_ms)
        return lambda: _Count(compute)
    percentile = name in ("pct", "percentile")
    if len(expression.arguments) != (2 if percentile else 1):
        raise QueryError(f"The function {name} does not take {len(expression.arguments)} arguments.", place)
    value = compile_expression(expression.arguments[0], now_ms)
    if percentile:
        finish = _percentile(_percent(expression.arguments[1], place))
        return lambda: _Numbers(value, finish)
    if name in _NUMERIC:
        return lambda: _Numbers(value, _NUMERIC[name])
    if name == "count_distinct":
        return lambda: _CountDistinct(value)
    if name in ("min", "max", "sortsfirst", "sortslast"):
        return lambda: _Extreme(value, value, greatest=name in ("max", "sortslast"))
    if name in ("earliest", "latest"):
        return lambda: _Extreme(value, _timestamp, greatest=name == "latest")
    raise QueryError(f"The function {name} is no aggregate function.", place)


def _timestamp(row: Row) -> Any:
    return row.get("@timestamp")


def _percent(expression: Expression, place: int) -> float:
    value = expression.value if isinstance(expression, Literal) else None
    if isinstance(value, bool) or not isinstance(value, float) or not 0 <= value <= 100:
        raise QueryError("pct expects a percentage from 0 to 100.", place)
    return value
