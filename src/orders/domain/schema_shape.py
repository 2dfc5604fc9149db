"""What a JSON Schema asserts about a value, read into a Shape that can be compared with another.

Promises: a schema that holds an assertion which Shape cannot express is refused by its path, never compared in part.
Titles, descriptions, examples and keywords that begin with x- assert nothing and are skipped.
JSON Schema: https://json-schema.org/draft/2020-12/json-schema-validation
Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

LEVELS_MAX = 32
TYPES = frozenset({"string", "number", "boolean", "null", "object", "array"})
# The type that a bound is about, and whether a greater bound takes fewer values.
BOUNDS = {
    "minLength": ("string", True),
    "maxLength": ("string", False),
    "minimum": ("number", True),
    "maximum": ("number", False),
    "minItems": ("array", True),
    "maxItems": ("array", False),
}
_ASSERTIONS = {"type", "enum", "pattern", "properties", "required", "additionalProperties", "items", *BOUNDS}
_ANNOTATIONS = {"$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated", "format"}


class UnreadableSchema(ValueError):
    """A schema that cannot be compared; the text names the path and the reason."""


@dataclass(frozen=True)
class Shape:
    """What a value must be. The defaults take any value."""

    types: frozenset[str] = TYPES
    enum: frozenset[str] | None = None
    """The JSON texts of the allowed values."""
    pattern: str | None = None
    bounds: Mapping[str, int | Decimal] = field(default_factory=dict)
    properties: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    is_open: bool = True
    """Whether an object may have other fields."""
    items: Shape | None = None


def read_shape(schema: Any, path: str = "", level: int = 1) -> Shape:
    """The assertions of a schema. Raises UnreadableSchema."""
    if schema is True:
        return Shape()
    if not isinstance(schema, dict):
        raise _unreadable(path, "expected a schema")
    if level > LEVELS_MAX:
        raise _unreadable(path, f"a schema has at most {LEVELS_MAX} levels")
    for keyword in schema:
        if keyword not in _ASSERTIONS and keyword not in _ANNOTATIONS and not keyword.startswith("x-"):
            raise _unreadable(path, f"the keyword {keyword[:60]} cannot be compared")
    return Shape(
        types=_read_types(schema.get("type"), path),
        enum=_read_enum(schema, path),
        pattern=schema["pattern"] if _has(schema, "pattern", str, path) else None,
        bounds=_read_bounds(schema, path),
        properties=_read_properties(schema, path, level),
        required=_read_required(schema, path),
        is_open=not _has(schema, "additionalProperties", bool, path) or schema["additionalProperties"],
        items=read_shape(schema["items"], f"{path}[]", level + 1) if "items" in schema else None,
    )


def join(path: str, name: str) -> str:
    """The path of a field: items[].unitPrice."""
    return f"{path}.{name}" if path else name


def _read_types(value: Any, path: str) -> frozenset[str]:
    if value is None:
        return TYPES
    types = [value] if isinstance(value, str) else value
    if not isinstance(types, list) or not all(isinstance(one, str) and one in TYPES | {"integer"} for one in types):
        raise _unreadable(path, "type is not a JSON Schema type")
    return frozenset(types)


def _read_enum(schema: dict[str, Any], path: str) -> frozenset[str] | None:
    if not _has(schema, "enum", list, path):
        return None
    return frozenset(json.dumps(one, default=str) for one in schema["enum"])


def _read_bounds(schema: dict[str, Any], path: str) -> dict[str, int | Decimal]:
    found = {name: schema[name] for name in BOUNDS if name in schema}
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise _unreadable(path, f"{name} is not a number")
    return found


def _read_properties(schema: dict[str, Any], path: str, level: int) -> dict[str, Shape]:
    if not _has(schema, "properties", dict, path):
        return {}
    return {name: read_shape(inner, join(path, name), level + 1) for name, inner in schema["properties"].items()}


def _read_required(schema: dict[str, Any], path: str) -> frozenset[str]:
    if not _has(schema, "required", list, path):
        return frozenset()
    if not all(isinstance(name, str) for name in schema["required"]):
        raise _unreadable(path, "required is not a list of field names")
    return frozenset(schema["required"])


def _has(schema: dict[str, Any], keyword: str, kind: type, path: str) -> bool:
    if keyword not in schema:
        return False
    if not isinstance(schema[keyword], kind):
        raise _unreadable(path, f"{keyword} has the wrong type")
    return True


def _unreadable(path: str, reason: str) -> UnreadableSchema:
    return UnreadableSchema(f"{path[:200] or 'the schema'}: {reason}")
