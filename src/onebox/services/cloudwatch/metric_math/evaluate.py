"""Computing expressions. Pure; what an expression refers to comes in by functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from onebox.services.cloudwatch.metric_math.functions import FUNCTIONS, operate
from onebox.services.cloudwatch.metric_math.parser import (
    Array,
    Call,
    Name,
    Negation,
    Node,
    Number,
    Operation,
    Text,
)
from onebox.services.cloudwatch.metric_math.values import MathError, TimeSeries, Value, as_list, map_value

_CONSTANTS = {"REPEAT", "LINEAR"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What names and the functions that reach outside mean."""

    find: Callable[[str], Value]
    """The query with this id; raises MathError."""
    metrics: Callable[[str], list[TimeSeries]]
    """METRICS(): the metrics of the request whose id holds a text."""
    search: Callable[[str, str, int], list[TimeSeries]]
    """SEARCH(): the metrics that match a text, with a statistic and a period in seconds."""
    grid: Callable[[int], list[int]]
    note: Callable[[Value], None]
    """Told of each value on the way; raises MathError when they are too many."""


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of an expression. Raises MathError."""
    value = _compute(node, scope)
    scope.note(value)
    return value


def find_searches(node: Node) -> Iterator[tuple[str, str, int]]:
    """The text, statistic and period of each SEARCH in an expression, as far as they are right."""
    match node:
        case Array(items):
            inner: tuple[Node, ...] = items
        case Negation(operand):
            inner = (operand,)
        case Operation(_, left, right):
            inner = (left, right)
        case Call(function, arguments):
            inner = arguments
            if function == "SEARCH":
                with suppress(MathError):
                    yield _search_arguments([one.value for one in arguments if isinstance(one, Number | Text)])
        case _:
            inner = ()
    for one in inner:
        yield from find_searches(one)


def _compute(node: Node, scope: Scope) -> Value:
    match node:
        case Number(value):
            return value
        case Text(text):
            return text
        case Name(name):
            return name if name in _CONSTANTS else scope.find(name)
        case Array(items):
            return [series for item in items for series in as_list(evaluate(item, scope))]
        case Negation(operand):
            return map_value(evaluate(operand, scope), lambda number: -number)
        case Operation(operator, left, right):
            return operate(operator, evaluate(left, scope), evaluate(right, scope))
        case Call(function, arguments):
            return _call(function, [evaluate(argument, scope) for argument in arguments], scope)
    raise AssertionError(node)


def _call(function: str, arguments: list[Value], scope: Scope) -> Value:
    if function == "METRICS":
        return scope.metrics(_metrics_filter(arguments))
    if function == "SEARCH":
        text, stat, period_s = _search_arguments(arguments)
        return scope.search(text, stat, period_s)
    known = FUNCTIONS.get(function)
    if known is None:
        raise MathError(f"The function {function} is not supported")
    return known(scope.grid, arguments)


def _metrics_filter(arguments: list[Value]) -> str:
    if not arguments:
        return ""
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise MathError("METRICS expects at most one text")
    return arguments[0]


def _search_arguments(arguments: list[Value]) -> tuple[str, str, int]:
    if len(arguments) not in (2, 3) or not isinstance(arguments[0], str) or not isinstance(arguments[1], str):
        raise MathError("SEARCH expects a search text, a statistic and a period")
    period = arguments[2] if len(arguments) == 3 else 300.0
    if not isinstance(period, float) or not math.isfinite(period) or period < 1:
        raise MathError("SEARCH expects a period in seconds")
    return arguments[0], arguments[1], int(period)
