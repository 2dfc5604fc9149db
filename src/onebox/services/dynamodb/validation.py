"""Checks of request members that need no table, in the words of AWS's parameter validation.

Promises: finds what the service model's constraints forbid (the codec has checked types and required members only).
"""

from __future__ import annotations

import re

from onebox.services.violations import Violations

NAME = re.compile(r"[a-zA-Z0-9_.-]+")
NAME_MIN, _NAME_MAX = 3, 255


def check_name(violations: Violations, value: str | None, member: str) -> None:
    """A table or index name."""
    violations.check_pattern(value, member, NAME)
    violations.check_length(value, member, NAME_MIN, _NAME_MAX)


def is_table_name(text: str) -> bool:
    """Whether a table can have that name."""
    return NAME_MIN <= len(text) <= _NAME_MAX and NAME.fullmatch(text) is not None


def check_table_name(name: str) -> None:
    """Refuse a TableName that no table can have."""
    if is_table_name(name):
        return
    violations = Violations()
    if not name:
        violations.add(name, "tableName", "Member must have length greater than or equal to 1")
    else:
        check_name(violations, name, "tableName")
    violations.raise_if_any()
