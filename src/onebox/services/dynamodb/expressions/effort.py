"""How much work it is to evaluate a condition over a stored item.

Conditions are evaluated on the event loop. 300 operators over an item of 400 KB, or over each of the 100,000 items of
a page, would hold up every other request for seconds; the two bounds here keep any request below a tenth of a second.
Both are onebox's own and far beyond what conditions are used for.
"""

from __future__ import annotations

from onebox.errors import ValidationException
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
from onebox.services.dynamodb.values.checked import CheckedValue, count_values

SMALL_ITEM_BYTES = 16 * 1024
"""Items up to this size are cheap under any condition."""
_VISITS_MAX = 1_000_000
"""Values that one condition may look at, of one item or its own: some 40 ms."""
PAGE_EFFORT_MAX = 40_000
"""What one page of a Query or Scan may cost, in rows and evaluated operators: some 50 ms. A page that reaches it ends
with LastEvaluatedKey."""
_VALUES_PER_UNIT = 25
"""Values inside a row at which a condition looks in about the time of one operator."""
_PARSED_PER_UNIT = 10
"""Values inside a row that are read from its JSON in that time."""


def count_operators(node: Condition | Operand | None) -> int:
    """Comparisons, functions and operands of a condition; 0 for none."""
    if node is None:
        return 0
    if isinstance(node, And | Or):
        return sum(map(count_operators, node.parts))
    if isinstance(node, Not):
        return count_operators(node.part)
    if isinstance(node, Comparison):
        return 1 + count_operators(node.left) + count_operators(node.right)
    if isinstance(node, Between):
        return 2
    if isinstance(node, In):
        return len(node.choices)
    return 1 if isinstance(node, Function) else 0


def count_large_values(node: Condition | Operand) -> int:
    """How many values the literals of a condition hold that came with a large request."""
    if isinstance(node, Literal):
        return node.value.weight if type(node.value) is CheckedValue else 0
    if isinstance(node, And | Or):
        return sum(map(count_large_values, node.parts))
    if isinstance(node, Not):
        return count_large_values(node.part)
    if isinstance(node, Comparison):
        return count_large_values(node.left) + count_large_values(node.right)
    if isinstance(node, Between):
        return sum(map(count_large_values, (node.operand, node.lower, node.upper)))
    if isinstance(node, In):
        return count_large_values(node.operand) + sum(map(count_large_values, node.choices))
    return sum(map(count_large_values, node.arguments)) if isinstance(node, Function) else 0


def check_effort(condition: Condition, data: bytes, large_values: int = 0) -> None:
    """Refuse a condition that looks too often at too many values of one stored item (its JSON), or at too many values
    of its own (:func:`count_large_values`)."""
    visits = count_operators(condition) * count_values(data) if len(data) > SMALL_ITEM_BYTES else 0
    if visits + large_values > _VISITS_MAX:
        raise ValidationException(
            "The expression has too many operators for an item with so many values; see onebox's compatibility page"
        )


def row_effort(operators: int, data: bytes, large_values: int = 0) -> int:
    """The share of :data:`PAGE_EFFORT_MAX` that evaluating ``operators``, which look at values of their own as well,
    over one row takes."""
    effort = 1 + operators + large_values // _VALUES_PER_UNIT
    if len(data) < 2048:
        return effort
    values = count_values(data)
    return effort + values // _PARSED_PER_UNIT + operators * values // _VALUES_PER_UNIT
