"""The parameters that expressions replaced, turned into the same nodes.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.errors import ValidationException
from onebox.services.context import Wire
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    AddAction,
    And,
    Between,
    Comparison,
    Condition,
    DeleteAction,
    Function,
    In,
    Literal,
    Not,
    Or,
    Path,
    RemoveAction,
    SetAction,
)
from onebox.services.dynamodb.limits import MEMBERS_MAX
from onebox.services.dynamodb.values.attributes import (
    ORDERED_KINDS,
    SET_KINDS,
    AttributeValue,
    check_attribute_name,
    check_value,
    kind_of,
    order_key,
)

_OPERATORS = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_COUNTS: dict[str, Callable[[int], bool]] = {
    **dict.fromkeys((*_OPERATORS, "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"), lambda count: count == 1),
    **dict.fromkeys(("NULL", "NOT_NULL"), lambda count: count == 0),
    "IN": lambda count: count > 0,
    "BETWEEN": lambda count: count == 2,
}


def check_members(name: str, members: Wire | None) -> None:
    """Refuse a map of conditions, of updates, or of what expressions name, with more than MEMBERS_MAX members."""
    if members is not None and len(members) > MEMBERS_MAX:
        raise ValidationException(f"{name} has more than {MEMBERS_MAX} members; see onebox's compatibility page")


def parse_attributes_to_get(request: Wire) -> tuple[Path, ...] | None:
    """``AttributesToGet`` as paths; None if it is absent."""
    names = request.get("AttributesToGet")
    if names is None:
        return None
    for at, name in enumerate(names):
        check_attribute_name(name)
        if name in names[:at]:
            raise invalid_values(f"Duplicate value in attribute name: {name}")
    return tuple(Path((name,)) for name in names)


def parse_expected(request: Wire) -> Condition | None:
    """``Expected`` as a condition; None if there is none."""
    if "Expected" in request:
        check_members("Expected", request["Expected"])
    parts = [_expectation(name, expected) for name, expected in request.get("Expected", {}).items()]
    return _join(request, parts)


def parse_filter(request: Wire, member: str) -> Condition | None:
    """``QueryFilter`` or ``ScanFilter`` as a condition; None if there is none."""
    if member in request:
        check_members(member, request[member])
    parts = [parse_comparison(name, condition) for name, condition in request.get(member, {}).items()]
    return _join(request, parts)


def parse_attribute_updates(request: Wire) -> tuple[Action, ...]:
    """``AttributeUpdates`` as actions."""
    if "AttributeUpdates" not in request:
        return ()
    check_members("AttributeUpdates", request["AttributeUpdates"])
    return tuple(_action(name, update) for name, update in request.get("AttributeUpdates", {}).items())


def check_comparison(condition: Wire) -> tuple[str, list[AttributeValue]]:
    """Operator and values of one ``{ComparisonOperator, AttributeValueList}``, checked in AWS's order: each value, how
    many they are, whether they are of one kind, whether the operator takes the kind, the bounds of BETWEEN."""
    operator: str = condition["ComparisonOperator"]
    values: list[AttributeValue] = condition.get("AttributeValueList", [])
    for value in values:
        check_value(value)
    if not _COUNTS[operator](len(values)):
        raise invalid_values(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    _check_kinds(operator, values)
    if operator == "BETWEEN":
        lower, upper = map(order_key, values)
        assert lower is not None, "the kind has an order"
        assert upper is not None, "the kind has an order"
        if lower > upper:
            raise ValidationException(
                "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
            )
    return operator, values


def parse_comparison(name: str, condition: Wire) -> Condition:
    """One ``{ComparisonOperator, AttributeValueList}`` as a condition on an attribute."""
    operator, values = check_comparison(condition)
    path = Path((name,))
    literals = tuple(Literal(value) for value in values)
    if operator in _OPERATORS:
        return Comparison(_OPERATORS[operator], path, literals[0])
    if operator == "IN":
        return In(path, literals)
    if operator == "BETWEEN":
        return Between(path, *literals)
    if operator in ("NULL", "NOT_NULL"):
        return Function("attribute_exists" if operator == "NOT_NULL" else "attribute_not_exists", (path,))
    if operator == "BEGINS_WITH":
        return Function("begins_with", (path, literals[0]))
    contains = Function("contains", (path, literals[0]))
    if operator == "CONTAINS":
        return contains
    return And((Function("attribute_exists", (path,)), Not(contains)))


def _join(request: Wire, parts: list[Condition]) -> Condition | None:
    operator = request.get("ConditionalOperator", "AND")
    if not parts:
        if "ConditionalOperator" in request:
            raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")
        return None
    if len(parts) == 1:
        return parts[0]
    return Or(tuple(parts)) if operator == "OR" else And(tuple(parts))


def _expectation(name: str, expected: Wire) -> Condition:
    if "Value" in expected and "AttributeValueList" in expected:
        raise invalid_values(f"Value and AttributeValueList cannot be used together for Attribute: {name}")
    if "ComparisonOperator" in expected:
        return _expected_comparison(name, expected)
    if "AttributeValueList" in expected:
        raise invalid_values(f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}")
    exists = expected.get("Exists", True)
    if not exists:
        if "Value" in expected:
            raise invalid_values(f"Value cannot be used when Exists is false for Attribute: {name}")
        return Function("attribute_not_exists", (Path((name,)),))
    if "Value" not in expected:
        shown = "null" if "Exists" not in expected else "true"
        raise invalid_values(f"Value must be provided when Exists is {shown} for Attribute: {name}")
    check_value(expected["Value"])
    return Comparison("=", Path((name,)), Literal(expected["Value"]))


def _expected_comparison(name: str, expected: Wire) -> Condition:
    if "Exists" in expected:
        raise invalid_values(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")
    operator = expected["ComparisonOperator"]
    values = expected.get("AttributeValueList", [expected["Value"]] if "Value" in expected else None)
    if values is None:
        if operator not in ("NULL", "NOT_NULL"):
            raise invalid_values(
                f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
            )
        values = []
    return parse_comparison(name, {"ComparisonOperator": operator, "AttributeValueList": values})


def _check_kinds(operator: str, values: list[AttributeValue]) -> None:
    kinds = [kind_of(value) for value in values]
    if len(set(kinds)) > 1:
        raise invalid_values("AttributeValues inside AttributeValueList must be of same type")
    ordered = operator in ("LT", "LE", "GT", "GE", "BETWEEN", "CONTAINS", "NOT_CONTAINS")
    allowed = {"S", "B"} if operator == "BEGINS_WITH" else ORDERED_KINDS
    if ordered or operator in ("BEGINS_WITH", "IN"):
        for kind in kinds:
            if kind not in allowed:
                raise invalid_values(f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type")


def _action(name: str, update: Wire) -> Action:
    action = update.get("Action", "PUT")
    path = Path((name,))
    value = update.get("Value")
    if value is None:
        if action != "DELETE":
            raise invalid_values("Only DELETE action is allowed when no attribute value is specified")
        return RemoveAction(path)
    check_value(value)
    kind = kind_of(value)
    if action == "PUT":
        return SetAction(path, Literal(value))
    if action == "ADD":
        if kind not in ("N", "L") and kind not in SET_KINDS:
            raise invalid_values(f"ADD action is not supported for the type {kind}")
        return AddAction(path, Literal(value), is_legacy=True)
    if kind not in SET_KINDS:
        raise invalid_values(f"DELETE action with value is not supported for the type {kind}")
    return DeleteAction(path, Literal(value), is_legacy=True)
