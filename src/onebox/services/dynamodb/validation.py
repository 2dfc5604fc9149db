"""Checks of request members that need no table, in the words of AWS's parameter validation.

Promises: finds what the service model's constraints forbid (the codec has checked types and required members only).
"""

from __future__ import annotations

import re
from typing import Any

from onebox.errors import ValidationException
from onebox.services.context import Wire
from onebox.services.dynamodb.limits import TOTAL_SEGMENTS_MAX

_NAME = re.compile(r"[a-zA-Z0-9_.-]+\Z")
_NAME_PATTERN = "[a-zA-Z0-9_.-]+"
_NAME_MIN, _NAME_MAX = 3, 255

RETURN_CAPACITY = ("INDEXES", "TOTAL", "NONE")
RETURN_METRICS = ("SIZE", "NONE")
RETURN_ON_FAILURE = ("ALL_OLD", "NONE")
RETURN_VALUES = ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
SELECT = ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
_ENUMS = {
    "ReturnConsumedCapacity": RETURN_CAPACITY,
    "ReturnItemCollectionMetrics": RETURN_METRICS,
    "ReturnValues": RETURN_VALUES,
    "ReturnValuesOnConditionCheckFailure": RETURN_ON_FAILURE,
    "Select": SELECT,
    "ConditionalOperator": ("AND", "OR"),
}


class Violations:
    """Collects broken constraints, as AWS reports up to ten of them at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, value: Any, member: str, constraint: str) -> None:
        """Note that ``value`` at ``member`` (its path on the wire) breaks ``constraint``."""
        shown = "null" if value is None else f"'{show(value)}'"
        self._found.append(f"Value {shown} at '{member}' failed to satisfy constraint: {constraint}")

    def check_enum(self, value: Any, member: str, allowed: tuple[str, ...]) -> None:
        if value is not None and value not in allowed:
            self.add(value, member, f"Member must satisfy enum value set: [{', '.join(allowed)}]")

    def check_length(self, value: Any, member: str, minimum: int, maximum: int | None = None) -> None:
        if value is None:
            return
        if len(value) < minimum:
            self.add(value, member, f"Member must have length greater than or equal to {minimum}")
        if maximum is not None and len(value) > maximum:
            self.add(value, member, f"Member must have length less than or equal to {maximum}")

    def check_range(self, value: int | None, member: str, minimum: int, maximum: int | None = None) -> None:
        if value is None:
            return
        if value < minimum:
            self.add(value, member, f"Member must have value greater than or equal to {minimum}")
        if maximum is not None and value > maximum:
            self.add(value, member, f"Member must have value less than or equal to {maximum}")

    def check_name(self, value: str | None, member: str) -> None:
        """A table or index name."""
        if value is None:
            return
        if not _NAME.match(value):
            self.add(value, member, f"Member must satisfy regular expression pattern: {_NAME_PATTERN}")
        self.check_length(value, member, _NAME_MIN, _NAME_MAX)

    def raise_if_any(self) -> None:
        """Raise ValidationException with all that was found."""
        if self._found:
            count = len(self._found)
            plural = "s" if count > 1 else ""
            raise ValidationException(f"{count} validation error{plural} detected: {'; '.join(self._found[:10])}")


def show(value: Any) -> str:
    """A value as AWS's messages show it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={show(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def check_table_name(name: str) -> None:
    """Refuse a TableName that no table can have."""
    if _NAME_MIN <= len(name) <= _NAME_MAX and _NAME.match(name):
        return
    violations = Violations()
    if not name:
        violations.add(name, "tableName", "Member must have length greater than or equal to 1")
    else:
        violations.check_name(name, "tableName")
    violations.raise_if_any()


def check_options(request: Wire) -> None:
    """Refuse unknown values of the options that item operations share."""
    violations = Violations()
    for member, allowed in _ENUMS.items():
        if member in request:
            violations.check_enum(request[member], member[0].lower() + member[1:], allowed)
    violations.check_range(request.get("Limit"), "limit", 1)
    violations.check_range(request.get("TotalSegments"), "totalSegments", 1, TOTAL_SEGMENTS_MAX)
    violations.check_range(request.get("Segment"), "segment", 0, TOTAL_SEGMENTS_MAX - 1)
    violations.raise_if_any()
