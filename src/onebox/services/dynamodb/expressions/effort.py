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
    Not,
    Operand,
    Or,
)

SMALL_ITEM_BYTES = 16 * 1024
"""Items up to this size are cheap under any condition."""
_VISITS_MAX = 2_000_000
"""Values that one condition may look at in one item: some 80 ms."""
PAGE_EFFORT_MAX = 60_000
"""What one page of a Query or Scan may cost, in rows and evaluated operators: some 80 ms. A page that reaches it ends
with LastEvaluatedKey."""
_VALUES_PER_UNIT = 25
"""Values inside a row that take about as long as one operator."""


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


def check_effort(condition: Condition, data: bytes) -> None:
    """Refuse a condition that looks too often at too many values of one stored item (its JSON)."""
    if len(data) <= SMALL_ITEM_BYTES:
        return
    if count_operators(condition) * _count_values(data) > _VISITS_MAX:
        raise ValidationException(
            "The expression has too many operators for an item with so many values; see onebox's compatibility page"
        )


def row_effort(operators: int, data: bytes) -> int:
    """The share of :data:`PAGE_EFFORT_MAX` that evaluating ``operators`` over one row takes."""
    if not operators or len(data) < 2048:
        return 1 + operators
    return 1 + operators + (1 + operators) * _count_values(data) // _VALUES_PER_UNIT


def _count_values(data: bytes) -> int:
    return data.count(b"{") + data.count(b",")
