"""What an update may not do to the key attributes of its table and of the table's indexes, as far as the request shows.

Pure. AWS judges in this order: attributes of the table's key, values that an index key cannot take, paths into keys.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from __future__ import annotations

from collections.abc import Iterator

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    Arithmetic,
    Function,
    Literal,
    Operand,
    Path,
    RemoveAction,
    SetAction,
)
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.values.attributes import AttributeValue
from onebox.services.dynamodb.values.keys import check_index_kind

_ANY_NUMBER: AttributeValue = {"N": "0"}


def check_keys_untouched(table: Table, actions: tuple[Action, ...]) -> None:
    """Refuse an update of a key attribute, and of an index key to what it cannot be."""
    for action in actions:
        head = action.path.parts[0]
        if head in table.key.names:
            raise invalid_values(f"Cannot update attribute {head}. This attribute is part of the key")
    if not table.indexes:
        return
    _check_kinds(table, actions)
    _check_paths(table, actions)


def _check_kinds(table: Table, actions: tuple[Action, ...]) -> None:
    for index in table.indexes:
        for action in actions:
            if len(action.path.parts) > 1 or action.path.parts[0] not in index.key.names:
                continue
            value = _known_value(action)
            if value is not None:
                check_index_kind({str(action.path.parts[0]): value}, index.key, index.name)


def _known_value(action: Action) -> AttributeValue | None:
    """The value that an action gives or adds, or one of its type; None if only the item shows it."""
    if isinstance(action, RemoveAction):
        return None
    if isinstance(action.value, Literal):
        return action.value.value
    return _ANY_NUMBER if isinstance(action.value, Arithmetic) else None


def _check_paths(table: Table, actions: tuple[Action, ...]) -> None:
    """Index keys are scalars: nothing lies inside them, to be changed or read."""
    keys = {name for index in table.indexes for name in index.key.names}
    for action in actions:
        for path in _paths_of(action):
            if len(path.parts) > 1 and path.parts[0] in keys:
                raise ValidationException(
                    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                    f"IndexKey: {path.parts[0]}"
                )


def _paths_of(action: Action) -> Iterator[Path]:
    yield action.path
    pending: list[Operand] = [action.value] if isinstance(action, SetAction) else []
    while pending:
        operand = pending.pop()
        if isinstance(operand, Path):
            yield operand
        elif isinstance(operand, Arithmetic):
            pending += (operand.left, operand.right)
        elif isinstance(operand, Function):
            pending += operand.arguments
