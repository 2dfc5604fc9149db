"""Key conditions of a Query: from KeyConditionExpression or KeyConditions to one condition for each attribute.

Promises: pure; whatever is wrong with their shape is found without the table.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from onebox.errors import ValidationException
from onebox.services.context import Wire
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
from onebox.services.dynamodb.legacy import check_comparison
from onebox.services.dynamodb.ranges import SortCondition
from onebox.services.dynamodb.values.attributes import AttributeValue

_TABLE_CONDITIONS_MAX = 2
_INDEX_CONDITIONS_MAX = 8
"""As many as the keys of tables, and those of indexes, may have attributes."""
_OPERATORS = {
    "EQ": "=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "BEGINS_WITH": "begins_with",
    "BETWEEN": "BETWEEN",
}
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CONDITION_NAMES: dict[type, str] = {Or: "OR", Not: "NOT", In: "IN"}


def parse_legacy_conditions(conditions: Wire, *, has_index: bool) -> dict[str, SortCondition]:
    """``KeyConditions`` by attribute; operators that no key can be asked by are refused with the schema.
    ``has_index``: an index is queried."""
    found: dict[str, SortCondition] = {}
    for name, condition in conditions.items():
        operator, values = check_comparison(condition)
        found[name] = SortCondition(_OPERATORS.get(operator, operator), tuple(values))
    _check_count(len(found), has_index)
    return found


def parse_conditions(condition: Condition, *, has_index: bool) -> dict[str, SortCondition]:
    """A bound KeyConditionExpression by attribute. ``has_index``: an index is queried."""
    found: dict[str, SortCondition] = {}
    for part in _flatten(condition):
        name, sort_condition = _parse_part(part)
        if name in found:
            raise ValidationException("KeyConditionExpressions must only contain one condition per key")
        found[name] = sort_condition
    _check_count(len(found), has_index)
    return found


def _check_count(count: int, has_index: bool) -> None:
    if not 1 <= count <= (_INDEX_CONDITIONS_MAX if has_index else _TABLE_CONDITIONS_MAX):
        raise ValidationException("Conditions can be of length 1 or 2 only")


def _flatten(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And):
        for part in condition.parts:
            yield from _flatten(part)
    else:
        yield condition


def _parse_part(part: Condition) -> tuple[str, SortCondition]:
    if isinstance(part, Comparison) and part.operator != "<>":
        name = _find_name((part.left, part.right))
        if isinstance(part.left, Literal):
            return name, SortCondition(_MIRRORED[part.operator], (part.left.value,))
        return name, SortCondition(part.operator, _literals((part.right,)))
    if isinstance(part, Between):
        _check_first("BETWEEN", part.operand)
        name = _find_name((part.operand, part.lower, part.upper))
        return name, SortCondition("BETWEEN", _literals((part.lower, part.upper)))
    if isinstance(part, Function) and part.name == "begins_with":
        _check_first("begins_with", part.arguments[0])
        return _find_name(part.arguments), SortCondition("begins_with", _literals(part.arguments[1:]))
    if isinstance(part, Comparison):
        name = part.operator
    else:
        name = part.name if isinstance(part, Function) else _CONDITION_NAMES[type(part)]
    raise ValidationException(f"Invalid operator used in KeyConditionExpression: {name}")


def _check_first(operator: str, operand: Operand) -> None:
    if isinstance(operand, Function):
        raise _nested()
    if not isinstance(operand, Path):
        raise _invalid(f"{operator} operator must have the key attribute as its first operand")


def _find_name(operands: tuple[Operand, ...]) -> str:
    """The one attribute among the operands."""
    name: str | None = None
    for operand in operands:
        if isinstance(operand, Function):
            raise _nested()
        if not isinstance(operand, Path):
            continue
        if name is not None:
            raise _invalid("Multiple attribute names used in one condition")
        if len(operand.parts) > 1:
            raise ValidationException("KeyConditionExpressions cannot have conditions on nested attributes")
        name = str(operand.parts[0])
    if name is None:
        raise _invalid("No key attribute specified")
    return name


def _literals(operands: tuple[Operand, ...]) -> tuple[AttributeValue, ...]:
    return tuple(operand.value for operand in operands if isinstance(operand, Literal))


def _nested() -> ValidationException:
    return ValidationException("KeyConditionExpressions cannot contain nested operations")


def _invalid(detail: str) -> ValidationException:
    return ValidationException(f"Invalid condition in KeyConditionExpression: {detail}")
