"""Names, ARNs and durations in requests, checked as STS checks them."""

from __future__ import annotations

import re

from onebox.arn import Arn, find_arn
from onebox.errors import ValidationError
from onebox.services.sts.limits import SESSION_S_LEAST

_SESSION_NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)
_ARN_CHARACTERS_LEAST = 20


def check_session_name(member: str, name: str, most: int = 64) -> None:
    """Raise ValidationError unless it is a session's or federated user's name of 2 to ``most`` characters."""
    if not 2 <= len(name) <= most:
        bound = "greater than or equal to 2" if len(name) < 2 else f"less than or equal to {most}"
        raise invalid(member, name, f"Member must have length {bound}")
    if not _SESSION_NAME.fullmatch(name):
        raise invalid(member, name, r"Member must satisfy regular expression pattern: [\w+=,.@-]*")


def parse_role_arn(role_arn: str) -> Arn:
    """The parts of a role's ARN. Raises ValidationError: AWS judges it before any right."""
    if len(role_arn) < _ARN_CHARACTERS_LEAST:
        constraint = f"Member must have length greater than or equal to {_ARN_CHARACTERS_LEAST}"
        raise invalid("roleArn", role_arn, constraint)
    arn = find_arn(role_arn)
    if arn is None:
        raise ValidationError(f"{role_arn} is invalid")
    return arn


def checked_duration_s(duration_s: int, most: int) -> int:
    """The duration. Raises ValidationError if it is out of range."""
    if duration_s < SESSION_S_LEAST:
        constraint = f"Member must have value greater than or equal to {SESSION_S_LEAST}"
        raise invalid("durationSeconds", duration_s, constraint)
    if duration_s > most:
        raise invalid("durationSeconds", duration_s, f"Member must have value less than or equal to {most}")
    return duration_s


def invalid(member: str, value: object, constraint: str) -> ValidationError:
    """The error of a value that breaks a constraint of the service model."""
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )
