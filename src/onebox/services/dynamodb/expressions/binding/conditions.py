"""Binds conditions, one comparison or function after the other in writing order.

Each is checked in DynamoDB's order: undefined names and values, kinds of operands, that they differ, their number.
"""

from __future__ import annotations

from onebox.services.dynamodb.expressions.binding.functions import (
    check_condition_function,
    check_distinct,
    wrong_count,
    wrong_operand,
)
from onebox.services.dynamodb.expressions.binding.operands import Placeholders
from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Or,
)
from onebox.services.dynamodb.limits import IN_OPERANDS_MAX
from onebox.services.dynamodb.values.attributes import ORDERED_KINDS, kind_of, order_key


def bind_condition(node: Condition, placeholders: Placeholders) -> Condition:
    """The condition with names and literals. Raises ExpressionError."""
    if isinstance(node, Comparison):
        return _bind_comparison(node, placeholders)
    if isinstance(node, And):
        return And(tuple([bind_condition(part, placeholders) for part in node.parts]))
    if isinstance(node, Or):
        return Or(tuple([bind_condition(part, placeholders) for part in node.parts]))
    if isinstance(node, Not):
        return Not(bind_condition(node.part, placeholders))
    if isinstance(node, Between):
        return _bind_between(node, placeholders)
    if isinstance(node, In):
        return _bind_in(node, placeholders)
    function = placeholders.operand(node)
    assert isinstance(function, Function), "a function stays one"
    check_condition_function(function)
    return function


def _bind_comparison(node: Comparison, placeholders: Placeholders) -> Comparison:
    operands = (placeholders.operand(node.left), placeholders.operand(node.right))
    _check_functions(operands)
    if node.operator not in ("=", "<>"):
        for operand in operands:
            if isinstance(operand, Literal) and kind_of(operand.value) not in ORDERED_KINDS:
                raise ExpressionError(
                    "Incorrect operand type for operator or function; "
                    f"operator: {node.operator}, operand type: {kind_of(operand.value)}"
                )
    check_distinct(node.operator, operands)
    return Comparison(node.operator, *operands)


def _bind_between(node: Between, placeholders: Placeholders) -> Between:
    operand, lower, upper = map(placeholders.operand, (node.operand, node.lower, node.upper))
    _check_functions((operand, lower, upper))
    _check_bounds(lower, upper)
    check_distinct("BETWEEN", (operand, lower, upper))
    return Between(operand, lower, upper)


def _bind_in(node: In, placeholders: Placeholders) -> In:
    operand = placeholders.operand(node.operand)
    choices = tuple(map(placeholders.operand, node.choices))
    _check_functions((operand, *choices))
    if len(choices) > IN_OPERANDS_MAX:
        raise wrong_count("IN", len(choices))
    return In(operand, choices)


def _check_functions(operands: tuple[Operand, ...]) -> None:
    for operand in operands:
        if isinstance(operand, Function):
            check_condition_function(operand)


def _check_bounds(lower: Operand, upper: Operand) -> None:
    if not (isinstance(lower, Literal) and isinstance(upper, Literal)):
        return
    one, two = order_key(lower.value), order_key(upper.value)
    shown = f"lower bound operand: AttributeValue: {_show(lower)}, upper bound operand: AttributeValue: {_show(upper)}"
    if one is None or two is None:
        kind = kind_of(lower.value if one is None else upper.value)
        raise wrong_operand("BETWEEN", kind)
    if one[0] != two[0]:
        raise ExpressionError(f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}")
    if one > two:
        raise ExpressionError(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " + shown
        )


def _show(literal: Literal) -> str:
    ((kind, content),) = literal.value.items()
    return f"{{{kind}:{content}}}"
