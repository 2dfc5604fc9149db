"""Values that must be among those of the service model, refused in AWS's words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from onebox.services.cloudformation.errors import ValidationError


def check_choice(member: str, value: str, allowed: Collection[str]) -> None:
    """Raise ValidationError for a value that is none of the allowed ones."""
    if value not in allowed:
        raise _broken(member, value, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def check_choices(member: str, values: Sequence[str], allowed: Collection[str]) -> None:
    """The same for each value of a list."""
    if not all(value in allowed for value in values):
        constraint = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        raise _broken(member, f"[{', '.join(values)}]", f"Member must satisfy constraint: [{constraint}]")


def _broken(member: str, value: str, constraint: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )
