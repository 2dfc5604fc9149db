"""Broken constraints of the service model, in the words that the newer services of AWS share.

Pure. ``member`` is a path as these messages write it: ``attributeDefinitions.1.member.attributeName``.
"""

from __future__ import annotations

import re
from typing import Any

from onebox.errors import ValidationException

REPORTED_MAX = 10


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

    def check_pattern(self, value: str | None, member: str, pattern: re.Pattern[str]) -> None:
        """A whole text, by a pattern that needs no backtracking."""
        if value is not None and not pattern.fullmatch(value):
            self.add(value, member, f"Member must satisfy regular expression pattern: {pattern.pattern}")

    def raise_if_any(self) -> None:
        """Raise ValidationException with all that was found."""
        if self._found:
            count = len(self._found)
            plural = "s" if count > 1 else ""
            raise ValidationException(
                f"{count} validation error{plural} detected: {'; '.join(self._found[:REPORTED_MAX])}"
            )


def show(value: Any) -> str:
    """A value as AWS's messages show it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={show(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
