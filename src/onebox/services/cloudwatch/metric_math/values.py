"""What metric math computes with: numbers, time series, arrays of them, and texts. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from onebox.services.cloudwatch.errors import ValidationError
from onebox.services.cloudwatch.model import Series


@dataclass(frozen=True, slots=True)
class TimeSeries:
    values: Series
    period_s: int
    label: str


Value = float | str | TimeSeries | list[TimeSeries]


class MathError(ValidationError):
    """An expression that cannot be computed; its text is completed with the query's id."""

    code = "ValidationError"


def map_value(value: Value, function: Callable[[float], float | None]) -> Value:
    """Apply a function to a number or to every datapoint; datapoints it has no answer for go missing."""
    if isinstance(value, TimeSeries):
        mapped = ((at_ms, function(number)) for at_ms, number in value.values.items())
        return replace(value, values=_finite(mapped))
    if isinstance(value, list):
        return [series for item in value if isinstance(series := map_value(item, function), TimeSeries)]
    if isinstance(value, str):
        raise MathError("Unsupported operand type(s): a text is no number")
    number = function(value)
    return number if number is not None else math.nan


def combine(left: Value, right: Value, function: Callable[[float, float], float | None]) -> Value:
    """Apply a function to two operands, datapoint by datapoint; a datapoint missing on a side is missing."""
    if isinstance(left, list) and isinstance(right, list):
        raise MathError("Unsupported operand type(s): two arrays of time series")
    if isinstance(left, list):
        return [item for series in left if isinstance(item := combine(series, right, function), TimeSeries)]
    if isinstance(right, list):
        return [item for series in right if isinstance(item := combine(left, series, function), TimeSeries)]
    if isinstance(left, str) or isinstance(right, str):
        raise MathError("Unsupported operand type(s): a text is no number")
    if isinstance(left, TimeSeries) and isinstance(right, TimeSeries):
        pairs = (
            (at_ms, function(number, right.values[at_ms]))
            for at_ms, number in left.values.items()
            if at_ms in right.values
        )
        return TimeSeries(_finite(pairs), max(left.period_s, right.period_s), left.label)
    if isinstance(left, TimeSeries):
        other = right
        return map_value(left, lambda number: function(number, other))  # type: ignore[arg-type]
    return map_value(right, lambda number: function(left, number))


def as_list(value: Value) -> list[TimeSeries]:
    if isinstance(value, TimeSeries):
        return [value]
    if isinstance(value, list):
        return value
    raise MathError("Expected a time series")


def _finite(points: Iterable[tuple[int, float | None]]) -> Series:
    return {at_ms: number for at_ms, number in points if number is not None and math.isfinite(number)}
