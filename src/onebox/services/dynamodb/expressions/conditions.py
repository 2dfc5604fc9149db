"""Evaluates bound conditions over an item.

Promises: pure; a missing operand makes every comparison false except ``<>``, and kinds never mix.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Iterator

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
    Path,
)
from onebox.services.dynamodb.expressions.paths import find_value
from onebox.services.dynamodb.values.attributes import (
    ORDERED_KINDS,
    AttributeValue,
    Item,
    decode_binary,
    order_key,
    values_equal,
)


def holds(condition: Condition, item: Item) -> bool:
    """Whether the condition is true of ``item``; a missing item is an empty one."""
    if isinstance(condition, Comparison):
        return _compare(condition.operator, find_operand(condition.left, item), find_operand(condition.right, item))
    if isinstance(condition, Function):
        return _call(condition, item)
    if isinstance(condition, And):
        return all(holds(part, item) for part in condition.parts)
    if isinstance(condition, Or):
        return any(holds(part, item) for part in condition.parts)
    if isinstance(condition, Not):
        return not holds(condition.part, item)
    value = find_operand(condition.operand, item)
    if isinstance(condition, Between):
        lower, upper = find_operand(condition.lower, item), find_operand(condition.upper, item)
        return _compare(">=", value, lower) and _compare("<=", value, upper)
    assert isinstance(condition, In)
    return value is not None and any(_compare("=", value, find_operand(choice, item)) for choice in condition.choices)


def find_operand(operand: Operand, item: Item) -> AttributeValue | None:
    """The operand's value in ``item``; None where it has none."""
    if isinstance(operand, Literal):
        return operand.value
    if isinstance(operand, Path):
        return find_value(item, operand.parts)
    assert isinstance(operand, Function), operand
    assert operand.name == "size", operand
    size = _size(find_operand(operand.arguments[0], item))
    return None if size is None else {"N": str(size)}


def _compare(operator: str, left: AttributeValue | None, right: AttributeValue | None) -> bool:
    if left is None or right is None:
        return operator == "<>"
    if operator == "=":
        return values_equal(left, right)
    if operator == "<>":
        return not values_equal(left, right)
    one, two = order_key(left), order_key(right)
    if one is None or two is None or one[0] != two[0]:
        return False
    if operator == "<":
        return one < two
    if operator == "<=":
        return one <= two
    return one > two if operator == ">" else one >= two


def _call(function: Function, item: Item) -> bool:
    value = find_operand(function.arguments[0], item)
    if function.name == "attribute_exists":
        return value is not None
    if function.name == "attribute_not_exists":
        return value is None
    other = find_operand(function.arguments[1], item)
    if value is None or other is None:
        return False
    if function.name == "attribute_type":
        return other["S"] in value
    if function.name == "begins_with":
        return _begins_with(value, other)
    assert function.name == "contains", function
    return _contains(value, other)


def _begins_with(value: AttributeValue, prefix: AttributeValue) -> bool:
    if "S" in value and "S" in prefix:
        text: str = value["S"]
        return text.startswith(prefix["S"])
    if "B" in value and "B" in prefix:
        return decode_binary(value["B"]).startswith(decode_binary(prefix["B"]))
    return False


def _contains(value: AttributeValue, sought: AttributeValue) -> bool:
    ((kind, content),) = value.items()
    ((sought_kind, sought_content),) = sought.items()
    if kind == "S":
        return sought_kind == "S" and sought_content in content
    if kind == "B":
        return sought_kind == "B" and decode_binary(sought_content) in decode_binary(content)
    if kind == "L":
        if sought in content:
            return True
        # Only sets, alone or deep inside, can be equal and yet differ in their order.
        return sought_kind not in ORDERED_KINDS and any(values_equal(member, sought) for member in content)
    return kind == sought_kind + "S" and sought_content in content


def _size(value: AttributeValue | None) -> int | None:
    if value is None:
        return None
    ((kind, content),) = value.items()
    if kind in ("N", "BOOL", "NULL"):
        return None
    if kind == "S":
        return len(content.encode("utf-16-le")) // 2  # AWS counts as Java does: characters beyond 16 bits are two
    return len(decode_binary(content)) if kind == "B" else len(content)


def paths_of(node: Condition | Operand) -> Iterator[Path]:
    """Every path that the condition looks at."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, Function):
        for argument in node.arguments:
            yield from paths_of(argument)
    elif isinstance(node, Comparison):
        yield from paths_of(node.left)
        yield from paths_of(node.right)
    elif isinstance(node, Between):
        for operand in (node.operand, node.lower, node.upper):
            yield from paths_of(operand)
    elif isinstance(node, In):
        for operand in (node.operand, *node.choices):
            yield from paths_of(operand)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from paths_of(part)
    elif isinstance(node, Not):
        yield from paths_of(node.part)
