"""The constraints of the service model: values checked, and what is wrong said as AWS says it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onebox.services.lambda_.errors import ValidationException


def broken(member: str, value: object, wanted: str) -> str:
    """One constraint that a value does not satisfy, as a part of the message."""
    return f"Value '{value}' at '{member}' failed to satisfy constraint: {wanted}"


def constraint_errors(problems: Sequence[str]) -> ValidationException:
    """The error for all constraints that are broken."""
    count = len(problems)
    plural = "" if count == 1 else "s"
    return ValidationException(f"{count} validation error{plural} detected: {'; '.join(problems)}")


def constraint_error(member: str, value: object, wanted: str) -> ValidationException:
    """The error for one constraint."""
    return constraint_errors([broken(member, value, wanted)])


def constraint_error_null(member: str) -> ValidationException:
    """The error for a member that is missing."""
    return constraint_errors([f"Value null at '{member}' failed to satisfy constraint: Member must not be null"])


def must_match(pattern: str) -> str:
    """The constraint of a pattern."""
    return f"Member must satisfy regular expression pattern: {pattern}"


def must_be_one_of(values: Sequence[str]) -> str:
    """The constraint of an enumeration, its values in AWS's order."""
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def length_at_most(most: int) -> str:
    """The constraint of a text's or list's length."""
    return f"Member must have length less than or equal to {most}"


def check_range(member: str, value: int | None, low: int, high: int) -> None:
    """Raise unless the value lies between the bounds, both included; None is fine."""
    if value is not None and value < low:
        raise constraint_error(member, value, f"Member must have value greater than or equal to {low}")
    if value is not None and value > high:
        raise constraint_error(member, value, f"Member must have value less than or equal to {high}")


def check_pattern(member: str, value: str, pattern: re.Pattern[str], shown: str | None = None) -> None:
    """Raise unless the whole value matches; ``shown`` is the pattern as the model has it."""
    if not pattern.fullmatch(value):
        raise constraint_error(member, value, must_match(shown or pattern.pattern))
