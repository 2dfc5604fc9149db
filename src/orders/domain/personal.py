"""Orders without what tells who the customer is.

Promises: a field is kept only if the contract knows it and does not call it personal; so are the fields of each order
line. Everything else is hidden or left out, at any depth.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orders.domain.contract import FIELDS, Field, is_personal

HIDDEN = "(personal)"
_LINES = {field.name: field.fields for field in FIELDS if field.fields}


def is_kept(name: str, array: str | None = None) -> bool:
    """Whether a field may be kept without the person: of the order, or of the elements of one of its arrays."""
    if array is None:
        return not is_personal(name)
    return any(field.name == name and not field.is_personal for field in _LINES[array])


def hide_personal(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, with HIDDEN in place of each personal or unknown value."""
    return {
        name: HIDDEN if is_personal(name) else _impersonal(name, value, hidden=HIDDEN)
        for name, value in attributes.items()
    }


def drop_personal(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without the personal and unknown ones."""
    return {name: _impersonal(name, value, hidden=None) for name, value in attributes.items() if not is_personal(name)}


def _impersonal(name: str, value: Any, hidden: str | None) -> Any:
    lines = _LINES.get(name)
    if lines is None:
        return value if not isinstance(value, (dict, list)) else hidden
    if not isinstance(value, list):
        return hidden
    return [_impersonal_line(lines, one, hidden) for one in value]


def _impersonal_line(fields: tuple[Field, ...], line: Any, hidden: str | None) -> Any:
    if not isinstance(line, dict):
        return hidden
    known = {field.name for field in fields if not field.is_personal}
    kept = {name: value for name, value in line.items() if name in known and not isinstance(value, (dict, list))}
    return kept if hidden is None else {**dict.fromkeys(line, hidden), **kept}
