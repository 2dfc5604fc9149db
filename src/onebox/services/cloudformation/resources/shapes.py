"""Shapes of properties: what a resource type accepts, and turning template values into what the service APIs take.

Promises: a value that passes has exactly the declared types (``"30"`` became ``30``, ``30`` became ``"30"``
where text is wanted); all violations are reported at once in the words of AWS's schema check. Pure.
AWS: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from onebox.services.cloudformation.template.intrinsics import UNKNOWN, scalar_text
from onebox.text.documents import parse_document


class Shape(Protocol):
    """Takes one template value; appends to ``violations`` what is wrong with it."""

    def take(self, value: Any, path: str, violations: list[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single text, number or truth value."""

    kind: str

    def take(self, value: Any, path: str, violations: list[str]) -> Any:
        if value is UNKNOWN:
            return value
        if not isinstance(value, (dict, list)):
            taken = _CONVERSIONS[self.kind](value)
            if taken is not None:
                return taken
        violations.append(f"{path}: expected type: {self.kind}, found: {_json_type(value)}")
        return value


@dataclass(frozen=True, slots=True)
class Json:
    """A free document, given as an object or as JSON text; passed on as an object."""

    def take(self, value: Any, path: str, violations: list[str]) -> Any:
        if isinstance(value, str):
            try:
                value = parse_document(value)
            except ValueError:
                violations.append(f"{path}: expected type: JSONObject, found: String")
                return value
        if value is not UNKNOWN and not isinstance(value, dict):
            violations.append(f"{path}: expected type: JSONObject, found: {_json_type(value)}")
        return value


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list. AWS takes a single value for a list of one."""

    item: Shape

    def take(self, value: Any, path: str, violations: list[str]) -> Any:
        if value is UNKNOWN:
            return value
        items = value if isinstance(value, list) else [value]
        return [self.item.take(item, f"{path}/{index}", violations) for index, item in enumerate(items)]


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map from any key."""

    item: Shape

    def take(self, value: Any, path: str, violations: list[str]) -> Any:
        if value is UNKNOWN:
            return value
        if not isinstance(value, dict):
            violations.append(f"{path}: expected type: JSONObject, found: {_json_type(value)}")
            return value
        return {key: self.item.take(item, f"{path}/{key}", violations) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """An object with known members."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = field(default=())
    is_open: bool = False
    """Whether members that are not listed are taken as they are."""

    def take(self, value: Any, path: str, violations: list[str]) -> Any:
        if value is UNKNOWN:
            return value
        if not isinstance(value, dict):
            violations.append(f"{path}: expected type: JSONObject, found: {_json_type(value)}")
            return value
        violations.extend(f"{path}: required key [{name}] not found" for name in self.required if name not in value)
        taken = {}
        for name, member in value.items():
            shape = self.members.get(name)
            if shape is None and self.is_open:
                taken[name] = member
            elif shape is None:
                violations.append(f"{path}: extraneous key [{name}] is not permitted")
            else:
                taken[name] = shape.take(member, f"{path}/{name}", violations)
        return taken


def _to_text(value: Any) -> str | None:
    return scalar_text(value)


def _to_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else None


def _to_number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number


def _to_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


_CONVERSIONS = {"String": _to_text, "Integer": _to_integer, "Number": _to_number, "Boolean": _to_boolean}


def _json_type(value: Any) -> str:
    """The type as AWS's validator (a Java library) names it."""
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, float):
        return "BigDecimal"
    if isinstance(value, dict):
        return "JSONObject"
    return "JSONArray" if isinstance(value, list) else "String"


TEXT = Scalar("String")
INTEGER = Scalar("Integer")
NUMBER = Scalar("Number")
BOOLEAN = Scalar("Boolean")
JSON = Json()
TEXTS = ListOf(TEXT)
TAGS = ListOf(Record({"Key": TEXT, "Value": TEXT}, required=("Key", "Value")))
