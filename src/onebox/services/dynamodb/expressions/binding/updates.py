"""Binds the actions of an update.

They are checked in DynamoDB's order: undefined names, undefined values, paths that overlap, paths that conflict, kinds
of what ADD and DELETE are given, operands of functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from onebox.services.dynamodb.expressions.binding.functions import check_update_operand
from onebox.services.dynamodb.expressions.binding.operands import Placeholders, UndefinedPlaceholder
from onebox.services.dynamodb.expressions.binding.overlaps import check_no_overlap
from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    AddAction,
    Arithmetic,
    DeleteAction,
    Function,
    Literal,
    Operand,
    Path,
    RemoveAction,
    SetAction,
)
from onebox.services.dynamodb.values.attributes import SET_KINDS, kind_of

_LONG_KIND_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
}


def bind_actions(actions: tuple[Action, ...], placeholders: Placeholders) -> tuple[Action, ...]:
    """The actions with names and literals. Raises ExpressionError."""
    try:
        bound = tuple([_bind(action, placeholders) for action in actions])
    except UndefinedPlaceholder:
        _report_undefined(actions, placeholders)
        raise
    check_no_overlap(tuple([action.path for action in bound]))
    for action in bound:
        if isinstance(action, AddAction | DeleteAction):
            _check_kind(action)
    for action in bound:
        if isinstance(action, SetAction):
            check_update_operand(action.value)
    return bound


def _bind(action: Action, placeholders: Placeholders) -> Action:
    path = placeholders.path(action.path)
    if isinstance(action, RemoveAction):
        return RemoveAction(path)
    return type(action)(path, placeholders.operand(action.value))


def _report_undefined(actions: tuple[Action, ...], placeholders: Placeholders) -> None:
    """Raise for the first undefined name; an undefined value is reported only if there is none."""
    for action in actions:
        placeholders.path(action.path)
        if not isinstance(action, RemoveAction):
            for path in _paths_of(action.value):
                placeholders.path(path)


def _paths_of(operand: Operand) -> Iterator[Path]:
    if isinstance(operand, Path):
        yield operand
    elif isinstance(operand, Arithmetic):
        yield from _paths_of(operand.left)
        yield from _paths_of(operand.right)
    elif isinstance(operand, Function):
        for argument in operand.arguments:
            yield from _paths_of(argument)


def _check_kind(action: AddAction | DeleteAction) -> None:
    if not isinstance(action.value, Literal):
        return
    kind = kind_of(action.value.value)
    adds = isinstance(action, AddAction)
    if kind not in SET_KINDS and not (adds and kind == "N"):
        raise ExpressionError(
            "Incorrect operand type for operator or function; "
            f"operator: {'ADD' if adds else 'DELETE'}, operand type: {_LONG_KIND_NAMES[kind]}"
        )
