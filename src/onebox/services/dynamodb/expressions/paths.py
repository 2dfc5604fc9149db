"""Walks document paths inside an item."""

from __future__ import annotations

from typing import Any

from onebox.services.dynamodb.expressions.nodes import PathPart
from onebox.services.dynamodb.values.attributes import AttributeValue, Item


def find_value(item: Item, parts: tuple[PathPart, ...]) -> AttributeValue | None:
    """The value at the path, or None."""
    value: AttributeValue | None = item.get(parts[0])  # type: ignore[arg-type]  # a path begins with a name
    for part in parts[1:]:
        if value is None:
            return None
        value = _step(value, part)
    return value


def _step(value: AttributeValue, part: PathPart) -> AttributeValue | None:
    if isinstance(part, int):
        members = value.get("L")
        return members[part] if members is not None and part < len(members) else None
    fields = value.get("M")
    return None if fields is None else fields.get(part)


def find_container(item: Item, parts: tuple[PathPart, ...]) -> dict[str, Any] | list[Any] | None:
    """The map or list that holds the path's last part, or None if there is none of the right kind."""
    if len(parts) == 1:
        return item
    parent = find_value(item, parts[:-1])
    if parent is None:
        return None
    container: dict[str, Any] | list[Any] | None = parent.get("L" if isinstance(parts[-1], int) else "M")
    return container
