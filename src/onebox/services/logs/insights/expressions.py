"""From expressions to functions of a row. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from onebox.services.logs.insights.captures import compile_regex
from onebox.services.logs.insights.functions import FUNCTIONS
from onebox.services.logs.insights.lexer import QueryError
from onebox.services.logs.insights.nodes import (
    Binary,
    Call,
    Chain,
    Expression,
    Field,
    In,
    Like,
    Literal,
    Negation,
    Regex,
    Span,
)
from onebox.services.logs.insights.row import Row
from onebox.services.logs.insights.values import Moment, compare, is_true, to_number, to_text

Compute = Callable[[Row], Any]

_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": math.fmod,
    "^": lambda left, right: math.pow(left, right),
}


def compile_expression(expression: Expression, now_ms: int) -> Compute:
    """The function that computes an expression for a row. Raises QueryError."""
    match expression:
        case Field(name):
            return lambda row: row.get(name)
        case Literal(value):
            return _constant(value)
        case Span(ms):
            return _constant(ms)
        case Regex(text):
            raise QueryError(f"The regular expression /{text}/ stands where none is expected.", 0)
        case Negation(operator, operand):
            return _negation(operator, compile_expression(operand, now_ms))
        case Chain(operator, operands):
            return _chain(operator, [compile_expression(operand, now_ms) for operand in operands])
        case Binary(operator, left, right):
            return _binary(operator, compile_expression(left, now_ms), compile_expression(right, now_ms))
        case Like(operand, pattern):
            return _like(compile_expression(operand, now_ms), pattern)
        case In(operand, items):
            return _in(compile_expression(operand, now_ms), [compile_expression(item, now_ms) for item in items])
        case Call():
            return _call(expression, now_ms)


def _constant(value: Any) -> Compute:
    return lambda _: value


def _negation(operator: str, compute: Compute) -> Compute:
    if operator == "not":
        return lambda row: not is_true(compute(row))

    def negative(row: Row) -> Any:
        number = to_number(compute(row))
        return None if number is None else -number

    return negative


def _chain(operator: str, computes: list[Compute]) -> Compute:
    join = any if operator == "or" else all
    return lambda row: join(is_true(compute(row)) for compute in computes)


def _binary(operator: str, left: Compute, right: Compute) -> Compute:
    holds = _COMPARISONS.get(operator)
    if holds is not None:
        return lambda row: (order := compare(left(row), right(row))) is not None and holds(order)
    apply = _ARITHMETIC[operator]

    def arithmetic(row: Row) -> Any:
        first, second = to_number(left(row)), to_number(right(row))
        if first is None or second is None:
            return None
        try:
            return apply(float(first), float(second))
        except (ValueError, OverflowError, ZeroDivisionError):
            return None

    return arithmetic


def _like(compute: Compute, pattern: str | Regex) -> Compute:
    if isinstance(pattern, Regex):
        regex = compile_regex(pattern.text)
        return lambda row: (value := compute(row)) is not None and regex.search(to_text(value)) is not None
    return lambda row: (value := compute(row)) is not None and pattern in to_text(value)


def _in(compute: Compute, items: list[Compute]) -> Compute:
    return lambda row: (value := compute(row)) is not None and any(compare(value, item(row)) == 0 for item in items)


def _call(call: Call, now_ms: int) -> Compute:
    arguments = [compile_expression(argument, now_ms) for argument in call.arguments]
    if call.function == "bin":
        if len(call.arguments) != 1 or not isinstance(call.arguments[0], Span):
            raise QueryError("bin expects a length of time, as in bin(5m).", call.place)
        span_ms = call.arguments[0].ms
        return lambda row: _bin(row.get("@timestamp"), span_ms)
    if call.function == "now" and not arguments:
        return _constant(now_ms // 1000)
    least, most, function = FUNCTIONS.get(call.function, (0, -1, None))
    if function is None:
        raise QueryError(f"The function {call.function} is not known or not allowed here.", call.place)
    if not least <= len(arguments) <= most:
        raise QueryError(f"The function {call.function} does not take {len(arguments)} arguments.", call.place)
    known = function
    return lambda row: known([argument(row) for argument in arguments])


def _bin(at_ms: Any, span_ms: int) -> Any:
    return Moment(at_ms - at_ms % span_ms) if isinstance(at_ms, int) else None
