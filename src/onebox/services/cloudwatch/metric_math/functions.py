"""The functions of metric math. Pure.

Each takes the window and its arguments, and gives a number, a time series or an array.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from onebox.services.cloudwatch.metric_math.values import (
    MathError,
    TimeSeries,
    Value,
    as_list,
    combine,
    map_value,
)
from onebox.services.cloudwatch.model import Series

Grid = Callable[[int], list[int]]
"""For a period in seconds, the starts of all periods of the window."""
Function = Callable[[Grid, Sequence[Value]], Value]


def _aggregate(name: str, function: Callable[[list[float]], float]) -> Function:
    """Over one series: a number; over an array: a series, computed at each moment from those that have a value."""

    def call(grid: Grid, arguments: Sequence[Value]) -> Value:
        (value,) = _exactly(name, arguments, 1)
        if isinstance(value, TimeSeries):
            return function(list(value.values.values())) if value.values else math.nan
        if not isinstance(value, list):
            raise MathError(f"The function {name} expects a time series")
        columns: dict[int, list[float]] = {}
        for series in value:
            for at_ms, number in series.values.items():
                columns.setdefault(at_ms, []).append(number)
        values = {at_ms: function(numbers) for at_ms, numbers in sorted(columns.items())}
        return TimeSeries(values, max((series.period_s for series in value), default=60), name)

    return call


def _each(name: str, function: Callable[[float], float | None]) -> Function:
    def call(grid: Grid, arguments: Sequence[Value]) -> Value:
        return map_value(_exactly(name, arguments, 1)[0], function)

    return call


def _over_time(name: str, function: Callable[[TimeSeries], Series]) -> Function:
    """A function of whole series, applied to each one."""

    def call(grid: Grid, arguments: Sequence[Value]) -> Value:
        (value,) = _exactly(name, arguments, 1)
        found = [replace(series, values=function(series)) for series in as_list(value)]
        return found if isinstance(value, list) else found[0]

    return call


def _rate(series: TimeSeries) -> Series:
    steps = pairwise(sorted(series.values.items()))
    return {at_ms: 1000 * (value - before) / (at_ms - before_ms) for (before_ms, before), (at_ms, value) in steps}


def _diff(series: TimeSeries) -> Series:
    return {at_ms: value - before for (_, before), (at_ms, value) in pairwise(sorted(series.values.items()))}


def _diff_time(series: TimeSeries) -> Series:
    return {at_ms: (at_ms - before_ms) / 1000 for before_ms, at_ms in pairwise(sorted(series.values))}


def _running_sum(series: TimeSeries) -> Series:
    points = sorted(series.values.items())
    return dict(zip((at for at, _ in points), accumulate(value for _, value in points), strict=True))


def _fill(grid: Grid, arguments: Sequence[Value]) -> Value:
    value, filler = _exactly("FILL", arguments, 2)
    filled = [replace(series, values=_filled(series, filler, grid(series.period_s))) for series in as_list(value)]
    return filled if isinstance(value, list) else filled[0]


def _filled(series: TimeSeries, filler: Value, moments: list[int]) -> Series:
    if filler == "REPEAT":
        return _repeated(series.values, moments)
    if filler == "LINEAR":
        return _interpolated(series.values, moments)
    if isinstance(filler, TimeSeries):
        other = filler.values
        return {at: number for at in moments if (number := series.values.get(at, other.get(at))) is not None}
    if not isinstance(filler, float):
        raise MathError("FILL expects a number, a time series, REPEAT or LINEAR")
    return {at_ms: series.values.get(at_ms, filler) for at_ms in moments}


def _repeated(values: Series, moments: list[int]) -> Series:
    filled: Series = {}
    last: float | None = None
    for at_ms in moments:
        last = values.get(at_ms, last)
        if last is not None:
            filled[at_ms] = last
    return filled


def _interpolated(values: Series, moments: list[int]) -> Series:
    filled: Series = {}
    for (start_ms, start), (end_ms, end) in pairwise(sorted(values.items())):
        for at_ms in moments:
            if start_ms <= at_ms <= end_ms:
                filled[at_ms] = start + (end - start) * (at_ms - start_ms) / (end_ms - start_ms)
    return filled or dict(values)


def _if(grid: Grid, arguments: Sequence[Value]) -> Value:
    """``IF(condition, then[, else])``: without ``else`` the datapoints that fail the condition are missing."""
    if len(arguments) not in (2, 3):
        raise MathError("The function IF expects 2 or 3 arguments")
    condition, then = arguments[0], arguments[1]
    other = arguments[2] if len(arguments) == 3 else None
    if isinstance(condition, float):
        chosen = then if condition else other
        return math.nan if chosen is None else chosen
    if not isinstance(condition, TimeSeries):
        raise MathError("The condition of IF must be a time series or a number")
    values: Series = {}
    for at_ms, holds in condition.values.items():
        number = _at(then if holds else other, at_ms)
        if number is not None:
            values[at_ms] = number
    return replace(condition, values=values)


def _at(value: Value | None, at_ms: int) -> float | None:
    if isinstance(value, TimeSeries):
        return value.values.get(at_ms)
    if isinstance(value, str | list):
        raise MathError("IF chooses between numbers and time series")
    return value


def _first(grid: Grid, arguments: Sequence[Value]) -> Value:
    return _pick("FIRST", arguments, 0)


def _last(grid: Grid, arguments: Sequence[Value]) -> Value:
    return _pick("LAST", arguments, -1)


def _pick(name: str, arguments: Sequence[Value], place: int) -> Value:
    (value,) = _exactly(name, arguments, 1)
    if isinstance(value, TimeSeries):
        points = sorted(value.values.items())
        return points[place][1] if points else math.nan
    series = as_list(value)
    if not series:
        raise MathError(f"{name} of an empty array")
    return series[place]


def _metric_count(grid: Grid, arguments: Sequence[Value]) -> Value:
    return float(len(as_list(_exactly("METRIC_COUNT", arguments, 1)[0])))


def _period(grid: Grid, arguments: Sequence[Value]) -> Value:
    (value,) = _exactly("PERIOD", arguments, 1)
    if not isinstance(value, TimeSeries):
        raise MathError("PERIOD expects one time series")
    return float(value.period_s)


def _time_series(grid: Grid, arguments: Sequence[Value]) -> Value:
    (value,) = _exactly("TIME_SERIES", arguments, 1)
    if not isinstance(value, float):
        raise MathError("TIME_SERIES expects a number")
    return TimeSeries(dict.fromkeys(grid(60), value), 60, "TIME_SERIES")


def _remove_empty(grid: Grid, arguments: Sequence[Value]) -> Value:
    return [series for series in as_list(_exactly("REMOVE_EMPTY", arguments, 1)[0]) if series.values]


def _exactly(name: str, arguments: Sequence[Value], count: int) -> Sequence[Value]:
    if len(arguments) != count:
        raise MathError(f"The function {name} expects {count} argument{'s' if count > 1 else ''}")
    return arguments


def _power(base: float, exponent: float) -> float | None:
    try:
        result = base**exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return result if isinstance(result, float) else None


OPERATORS: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}

FUNCTIONS: dict[str, Function] = {
    "ABS": _each("ABS", abs),
    "CEIL": _each("CEIL", lambda number: float(math.ceil(number))),
    "FLOOR": _each("FLOOR", lambda number: float(math.floor(number))),
    "LOG": _each("LOG", lambda number: math.log(number) if number > 0 else None),
    "LOG10": _each("LOG10", lambda number: math.log10(number) if number > 0 else None),
    "AVG": _aggregate("AVG", statistics.fmean),
    "SUM": _aggregate("SUM", math.fsum),
    "MIN": _aggregate("MIN", min),
    "MAX": _aggregate("MAX", max),
    "STDDEV": _aggregate("STDDEV", statistics.pstdev),
    "RATE": _over_time("RATE", _rate),
    "DIFF": _over_time("DIFF", _diff),
    "DIFF_TIME": _over_time("DIFF_TIME", _diff_time),
    "RUNNING_SUM": _over_time("RUNNING_SUM", _running_sum),
    "FILL": _fill,
    "IF": _if,
    "FIRST": _first,
    "LAST": _last,
    "METRIC_COUNT": _metric_count,
    "PERIOD": _period,
    "TIME_SERIES": _time_series,
    "REMOVE_EMPTY": _remove_empty,
}


def operate(operator: str, left: Value, right: Value) -> Value:
    """A binary operator on numbers, series and arrays."""
    return combine(left, right, OPERATORS[operator])
