"""Which operands operators and functions accept, as far as literal values show it.

Raises ExpressionError in DynamoDB's words.
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import Arithmetic, Function, Literal, Operand, Path
from onebox.services.dynamodb.expressions.parsing.operands import CONDITION_FUNCTIONS, UPDATE_FUNCTIONS
from onebox.services.dynamodb.values.attributes import KINDS, kind_of

_UNSIZED_KINDS = frozenset(("N", "BOOL", "NULL"))
_WITHOUT_NUMBERS = frozenset(("attribute_type", "begins_with", "size"))


def wrong_operand(name: str, kind: str) -> ExpressionError:
    """An operand of a kind that the operator or function does not take."""
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
    )


def wrong_count(name: str, count: int) -> ExpressionError:
    """More or fewer operands than the operator or function takes."""
    return ExpressionError(
        "Incorrect number of operands for operator or function; "
        f"operator or function: {name}, number of operands: {count}"
    )


def check_distinct(name: str, operands: tuple[Operand, ...]) -> None:
    """Refuse a condition on a path and that very path."""
    first = operands[0]
    if isinstance(first, Path) and first in operands[1:]:
        raise ExpressionError(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {name}, first operand: {first}"
        )


def check_condition_function(function: Function) -> None:
    """The operands of a condition's function: kinds, then that they differ, then their number, then what functions
    among them give."""
    name, arguments = function.name, function.arguments
    for argument in arguments:
        if isinstance(argument, Function):
            check_condition_function(argument)
    check = _KIND_CHECKS.get(name)
    if check is not None:
        check(name, arguments)
    check_distinct(name, arguments)
    _check_count(function, CONDITION_FUNCTIONS)
    if name in _WITHOUT_NUMBERS and any(isinstance(argument, Function) for argument in arguments):
        raise wrong_operand(name, "N")  # size() alone may be an operand


def check_update_operand(operand: Operand) -> None:
    """The functions and sums in a value of SET: number, then kinds of operands."""
    if isinstance(operand, Arithmetic):
        for side in (operand.left, operand.right):
            check_update_operand(side)
            if isinstance(side, Literal) and "N" not in side.value:
                raise wrong_operand(operand.operator, kind_of(side.value))
    elif isinstance(operand, Function):
        _check_count(operand, UPDATE_FUNCTIONS)
        for argument in operand.arguments:
            check_update_operand(argument)
        check = _KIND_CHECKS.get(operand.name)
        if check is not None:
            check(operand.name, operand.arguments)


def _check_count(function: Function, wanted: dict[str, int]) -> None:
    count = len(function.arguments)
    if wanted.get(function.name, count) != count:
        raise wrong_count(function.name, count)


def _check_path(name: str, arguments: tuple[Operand, ...]) -> None:
    if not isinstance(arguments[0], Path):
        raise ExpressionError(f"Operator or function requires a document path; operator or function: {name}")


def _check_begins_with(name: str, arguments: tuple[Operand, ...]) -> None:
    for argument in arguments:
        if isinstance(argument, Literal) and kind_of(argument.value) not in ("S", "B"):
            raise wrong_operand(name, kind_of(argument.value))


def _check_attribute_type(name: str, arguments: tuple[Operand, ...]) -> None:
    if len(arguments) < 2:
        return
    wanted = arguments[1]
    if isinstance(wanted, Function) or wanted == arguments[0]:
        return  # refused with the functions' results, or as the same path twice
    if not isinstance(wanted, Literal) or "S" not in wanted.value:
        kind = kind_of(wanted.value) if isinstance(wanted, Literal) else "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
        raise wrong_operand(name, kind)
    if wanted.value["S"] not in KINDS:
        raise ExpressionError(
            f"Invalid attribute type name found; type: {wanted.value['S']}, "
            "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
        )


def _check_size(name: str, arguments: tuple[Operand, ...]) -> None:
    argument = arguments[0]
    if isinstance(argument, Literal) and kind_of(argument.value) in _UNSIZED_KINDS:
        raise wrong_operand(name, kind_of(argument.value))


def _check_list_append(name: str, arguments: tuple[Operand, ...]) -> None:
    for argument in arguments:
        if isinstance(argument, Literal) and "L" not in argument.value:
            raise wrong_operand(name, kind_of(argument.value))


_KIND_CHECKS: dict[str, Callable[[str, tuple[Operand, ...]], None]] = {
    "attribute_exists": _check_path,
    "attribute_not_exists": _check_path,
    "attribute_type": _check_attribute_type,
    "begins_with": _check_begins_with,
    "if_not_exists": _check_path,
    "list_append": _check_list_append,
    "size": _check_size,
}
