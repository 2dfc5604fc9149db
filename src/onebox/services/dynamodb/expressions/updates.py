"""Applies bound update actions to an item.

Promises: every operand is read from the item as it was before the update; the caller's item is not changed.
Knows nothing of keys, indexes and sizes. Raises ValidationException in DynamoDB's words.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from typing import Any

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.conditions import find_operand
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    AddAction,
    Arithmetic,
    Function,
    Operand,
    Path,
    PathPart,
    RemoveAction,
    SetAction,
)
from onebox.services.dynamodb.expressions.paths import find_container, find_value
from onebox.services.dynamodb.values.attributes import SET_KINDS, AttributeValue, Item, kind_of
from onebox.services.dynamodb.values.numbers import add_numbers, subtract_numbers

_BAD_PATH = "The document path provided in the update expression is invalid for update"
_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_MISSING = "The provided expression refers to an attribute that does not exist in the item"


def apply_actions(actions: tuple[Action, ...], item: Item) -> Item:
    """The item after the update."""
    values = [_find_new_value(action, item) for action in actions]
    updated = dict(item)
    copied: dict[tuple[PathPart, ...], Any] = {}
    removals: list[tuple[PathPart, ...]] = []
    settings: list[tuple[Path, AttributeValue]] = []
    for action, value in zip(actions, values, strict=True):
        if value is not None:
            settings.append((action.path, value))
        elif isinstance(action, RemoveAction) or find_value(item, action.path.parts) is not None:
            removals.append(action.path.parts)
    # Elements beyond the end of a list are appended in the order of their indexes.
    for path, value in sorted(settings, key=lambda pair: _last_index(pair[0])):
        if len(path.parts) > 1:
            _copy_containers(updated, path.parts, copied)
        _put(updated, path.parts, value)
    # From the back, so that no removal moves the elements that others name.
    for parts in sorted(removals, key=lambda parts: _last_index(Path(parts)), reverse=True):
        _copy_containers(updated, parts, copied)
        _remove(updated, parts)
    return updated


def _copy_containers(item: Item, parts: tuple[PathPart, ...], copied: dict[tuple[PathPart, ...], Any]) -> None:
    """Copy the maps and lists on the way to a path's last part, each once: the old item shares the others."""
    holder: Any = item
    for depth, part in enumerate(parts[:-1], 1):
        way = parts[:depth]
        if way not in copied:
            if (isinstance(part, int) and part >= len(holder)) or (isinstance(part, str) and part not in holder):
                return
            kind = "L" if isinstance(parts[depth], int) else "M"
            content = holder[part].get(kind)
            if content is None:
                return
            copied[way] = content.copy()
            holder[part] = {kind: copied[way]}
        holder = copied[way]


def _last_index(path: Path) -> int:
    last = path.parts[-1]
    return last if isinstance(last, int) else -1


def _find_new_value(action: Action, item: Item) -> AttributeValue | None:
    """The value that the action puts at its path; None if it puts nothing there."""
    if isinstance(action, SetAction):
        return load_operand(action.value, item)
    if isinstance(action, RemoveAction):
        return None
    old = find_value(item, action.path.parts)
    operand = load_operand(action.value, item)
    if action.is_legacy and old is not None and kind_of(operand) not in old:
        raise ValidationException("Type mismatch for attribute to update")
    if isinstance(action, AddAction):
        return _add(old, operand)
    return _delete(old, operand)


def load_operand(operand: Operand, item: Item) -> AttributeValue:
    """The operand's value. Raises ValidationException if the item lacks it."""
    if isinstance(operand, Arithmetic):
        left, right = load_operand(operand.left, item), load_operand(operand.right, item)
        if "N" not in left or "N" not in right:
            raise ValidationException(_WRONG_TYPE)
        compute = add_numbers if operand.operator == "+" else subtract_numbers
        return {"N": compute(left["N"], right["N"])}
    if isinstance(operand, Function) and operand.name != "size":
        return _call(operand, item)
    value = find_operand(operand, item)
    if value is None:
        raise ValidationException(_MISSING)
    return value


def _call(function: Function, item: Item) -> AttributeValue:
    first, second = function.arguments
    if function.name == "if_not_exists":
        assert isinstance(first, Path)
        existing = find_value(item, first.parts)
        return load_operand(second, item) if existing is None else existing
    left, right = load_operand(first, item), load_operand(second, item)
    if function.name == "list_append":
        if "L" not in left or "L" not in right:
            raise ValidationException(_WRONG_TYPE)
        return {"L": left["L"] + right["L"]}
    combined = _add(left, right) if function.name == "set_add" else _delete(left, right)
    if combined is None:
        raise ValidationException("One or more parameter values were invalid: An set may not be empty")
    return combined


def _add(old: AttributeValue | None, operand: AttributeValue) -> AttributeValue:
    if old is None:
        return operand
    kind = kind_of(operand)
    if kind not in old:
        raise ValidationException(_WRONG_TYPE)
    if kind == "N":
        return {"N": add_numbers(old["N"], operand["N"])}
    if kind == "L":
        return {"L": old["L"] + operand["L"]}
    if kind not in SET_KINDS:
        raise ValidationException(_WRONG_TYPE)
    members = old[kind]
    known = set(members)
    return {kind: members + [member for member in operand[kind] if member not in known]}


def _delete(old: AttributeValue | None, operand: AttributeValue) -> AttributeValue | None:
    if old is None:
        return None
    kind = kind_of(operand)
    if kind not in old or kind not in SET_KINDS:
        raise ValidationException(_WRONG_TYPE)
    gone = set(operand[kind])
    left = [member for member in old[kind] if member not in gone]
    return {kind: left} if left else None


def _put(item: Item, parts: tuple[PathPart, ...], value: AttributeValue) -> None:
    container: Any = find_container(item, parts)
    if container is None:
        raise ValidationException(_BAD_PATH)
    last = parts[-1]
    if isinstance(last, int) and last >= len(container):
        container.append(value)
    else:
        container[last] = value


def _remove(item: Item, parts: tuple[PathPart, ...]) -> None:
    container: Any = find_container(item, parts)
    if container is None:
        raise ValidationException(_BAD_PATH)
    last = parts[-1]
    if isinstance(last, int):
        if last < len(container):
            del container[last]
    else:
        container.pop(last, None)
