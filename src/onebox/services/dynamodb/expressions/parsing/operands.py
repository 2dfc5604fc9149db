"""What conditions and updates share: names of functions, arguments, limits of size and depth."""

from __future__ import annotations

from collections.abc import Callable

from onebox.services.dynamodb.expressions.lexer import ExpressionError, ExpressionTokens
from onebox.services.dynamodb.expressions.nodes import Operand
from onebox.services.dynamodb.limits import EXPRESSION_NESTING_MAX, EXPRESSION_OPERATORS_MAX

CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
"""Functions of conditions, with the number of their operands."""
UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
"""Functions of updates, with the number of their operands."""

_TOO_MANY_OPERATORS = f"The expression contains too many operators; maximum operator count: {EXPRESSION_OPERATORS_MAX};"


class Bounds:
    """Counts operators and depth while an expression is parsed. Raises ExpressionError beyond the limits."""

    def __init__(self) -> None:
        self._operators = 0
        self._depth = 0

    def count_operator(self) -> None:
        self._operators += 1
        if self._operators > EXPRESSION_OPERATORS_MAX:
            raise ExpressionError(_TOO_MANY_OPERATORS)

    def enter(self) -> None:
        """Go one level down."""
        self._depth += 1
        if self._depth > EXPRESSION_NESTING_MAX:
            raise ExpressionError(_TOO_MANY_OPERATORS)

    def leave(self) -> None:
        self._depth -= 1


def parse_arguments(stream: ExpressionTokens, parse_operand: Callable[[], Operand]) -> tuple[Operand, ...]:
    """Operands in parentheses, with commas between."""
    stream.expect_symbol("(")
    arguments = [parse_operand()]
    while stream.take_symbol(","):
        arguments.append(parse_operand())
    stream.expect_symbol(")")
    return tuple(arguments)
