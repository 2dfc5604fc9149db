"""Checks of parameters, in the words of CloudWatch. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from onebox.services.cloudwatch.errors import (
    InvalidParameterValueException,
    ValidationError,
)
from onebox.services.cloudwatch.limits import DIMENSIONS_MAX, TAGS_MAX, UNITS
from onebox.services.context import RequestContext

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_text(value: str, parameter: str, longest: int) -> None:
    if not value.strip():
        raise InvalidParameterValueException(f"The value for parameter {parameter} must not be blank.")
    if len(value) > longest:
        raise InvalidParameterValueException(
            f"The parameter {parameter} must be shorter than {longest + 1} characters."
        )
    if not value.isascii() or _CONTROL.search(value):
        raise InvalidParameterValueException(f"The parameter {parameter} must contain only ASCII characters.")


def check_namespace(value: str) -> None:
    check_text(value, "Namespace", 255)
    if value.startswith(":"):
        raise InvalidParameterValueException("The value for parameter Namespace must not begin with ':'.")


def check_dimensions(dimensions: Sequence[dict[str, str]], parameter: str) -> None:
    if len(dimensions) > DIMENSIONS_MAX:
        raise InvalidParameterValueException(
            f"The collection {parameter} must not have a size greater than {DIMENSIONS_MAX}."
        )
    for place, dimension in enumerate(dimensions, 1):
        check_text(dimension["Name"], f"{parameter}.member.{place}.Name", 255)
        check_text(dimension["Value"], f"{parameter}.member.{place}.Value", 1024)
        if dimension["Name"].startswith(":"):
            raise InvalidParameterValueException(
                f"The value for parameter {parameter}.member.{place}.Name must not begin with ':'."
            )
    names = [dimension["Name"] for dimension in dimensions]
    if len(set(names)) != len(names):
        raise InvalidParameterValueException(f"The parameter {parameter} must not contain duplicate dimension names.")


def check_unit(unit: str | None, parameter: str) -> None:
    if unit is not None and unit not in UNITS:
        raise InvalidParameterValueException(
            f"The parameter {parameter} must be a value in the set [ {', '.join(UNITS)} ]."
        )


def is_period(period_s: int, shortest: Sequence[int]) -> bool:
    """Whether ``period_s`` is one of the short periods or a multiple of a minute."""
    return period_s in shortest or (period_s >= 60 and period_s % 60 == 0)


def check_period(period_s: int) -> None:
    if not is_period(period_s, (1, 5, 10, 20, 30)):
        raise InvalidParameterValueException("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")


def check_time_range(start_ms: int, end_ms: int) -> None:
    if start_ms >= end_ms:
        raise InvalidParameterValueException("The parameter StartTime must be less than the parameter EndTime.")


def broken_constraint(value: object, member: str, constraint: str) -> ValidationError:
    """The error AWS gives for a value that breaks a constraint of the service model."""
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )


def check_present(request: Mapping[str, Any], *members: str) -> None:
    """Raises ValidationError that names all the members that are absent."""
    absent = [member for member in members if request.get(member) is None]
    if absent:
        errors = "; ".join(
            f"Value null at '{member[0].lower()}{member[1:]}' failed to satisfy constraint: Member must not be null"
            for member in absent
        )
        count = f"{len(absent)} validation error{'s' if len(absent) > 1 else ''} detected"
        raise ValidationError(f"{count}: {errors}")


def check_enum(value: str, member: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise broken_constraint(value, member, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def check_length(value: str, member: str, shortest: int, longest: int) -> None:
    if len(value) < shortest:
        raise broken_constraint(value, member, f"Member must have length greater than or equal to {shortest}")
    if len(value) > longest:
        raise broken_constraint(value, member, f"Member must have length less than or equal to {longest}")


def check_range(value: int, member: str, lowest: int, highest: int) -> None:
    if value < lowest:
        raise broken_constraint(value, member, f"Member must have value greater than or equal to {lowest}")
    if value > highest:
        raise broken_constraint(value, member, f"Member must have value less than or equal to {highest}")


def parse_tags(context: RequestContext, tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags of a request by key. Raises InvalidParameterValue."""
    parsed = {tag["Key"]: tag["Value"] for tag in tags}
    if len(parsed) != len(tags):
        raise InvalidParameterValueException("Tag keys must be unique.")
    if len(parsed) > TAGS_MAX:
        raise InvalidParameterValueException(f"A resource cannot have more than {TAGS_MAX} tags.")
    for key, value in parsed.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise InvalidParameterValueException(f"The tag {key} is too long or has no key.")
        if not context.may_set_tag(key):
            raise InvalidParameterValueException("Tag keys must not begin with aws:")
    return parsed


def check_alarm_names(names: list[str]) -> None:
    if len(names) > 100:
        raise ValidationError("The collection AlarmNames must not have a size greater than 100.")
    for name in names:
        check_length(name, "alarmNames", 1, 255)
