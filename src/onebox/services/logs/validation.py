"""Checks of parameters, in the words of CloudWatch Logs. Pure.

AWS answers a broken constraint of its service model with ``1 validation error detected: Value '…' at '…' failed
to satisfy constraint: …``; the functions here say the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from onebox.arn import find_arn
from onebox.services.context import RequestContext
from onebox.services.logs.errors import InvalidParameterException, ValidationException

_TIME_MAX_MS = 1 << 62
_GROUP_NAME = r"[\.\-_/#A-Za-z0-9]+"
_STREAM_NAME = r"[^:*]*"
_STREAM_NAME_PYTHON = r"[^:*\x00]*"
_METRIC_NAME = r"[^:*$]*"
_METRIC_NAMESPACE = r"[^*$]*"
_TAG_KEY = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$"
_TAG_KEY_PYTHON = r"[\w\s.:/=+\-@]+"


def broken_constraint(value: object, member: str, constraint: str) -> InvalidParameterException:
    """The error AWS gives for a value that breaks a constraint of the service model."""
    return InvalidParameterException(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )


def check_length(value: str, member: str, minimum: int, maximum: int) -> None:
    if len(value) < minimum:
        raise broken_constraint(value, member, f"Member must have length greater than or equal to {minimum}")
    if len(value) > maximum:
        raise broken_constraint(value, member, f"Member must have length less than or equal to {maximum}")


def check_lengths(request: Mapping[str, Any], **maxima: int) -> None:
    """The members that the request has are no longer than these. AWS checks lengths before everything else."""
    for member, maximum in maxima.items():
        if member in request:
            check_length(request[member], member, 0, maximum)


def check_pattern(value: str, member: str, pattern: str, python_pattern: str | None = None) -> None:
    if not re.fullmatch(python_pattern or pattern, value):
        raise broken_constraint(value, member, f"Member must satisfy regular expression pattern: {pattern}")


def check_range(value: int, member: str, minimum: int, maximum: int) -> None:
    if value < minimum:
        raise broken_constraint(value, member, f"Member must have value greater than or equal to {minimum}")
    if value > maximum:
        raise broken_constraint(value, member, f"Member must have value less than or equal to {maximum}")


def check_enum(value: str, member: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise broken_constraint(value, member, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def check_group_name(value: str, member: str = "logGroupName") -> str:
    check_length(value, member, 1, 512)
    check_pattern(value, member, _GROUP_NAME)
    return value


def check_stream_name(value: str, member: str = "logStreamName") -> str:
    check_length(value, member, 1, 512)
    check_pattern(value, member, _STREAM_NAME, _STREAM_NAME_PYTHON)
    return value


def check_metric_name(value: str, member: str) -> None:
    check_length(value, member, 0, 255)
    check_pattern(value, member, _METRIC_NAME)


def check_metric_namespace(value: str, member: str) -> None:
    check_length(value, member, 0, 255)
    check_pattern(value, member, _METRIC_NAMESPACE)


def check_tags(context: RequestContext, tags: Mapping[str, str]) -> None:
    for key, value in tags.items():
        check_length(key, "tags", 1, 128)
        check_pattern(key, "tags", _TAG_KEY, _TAG_KEY_PYTHON)
        check_length(value, "tags", 0, 256)
        if not context.may_set_tag(key):
            raise InvalidParameterException("User-defined tag keys can't start with system reserved tag prefix - aws:")


def parse_group_name(request: Mapping[str, Any]) -> str:
    """The group that ``logGroupName`` or ``logGroupIdentifier`` (a name or an ARN) means."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if name is not None and identifier is not None:
        raise ValidationException("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if name is not None:
        return check_group_name(name)
    if identifier is None:
        raise InvalidParameterException("Please specify either LogGroup name or LogGroup ARN.")
    return find_group_name(identifier) or check_group_name(identifier, "logGroupIdentifier")


def find_group_name(arn_text: str) -> str | None:
    """The group's name in ``arn:aws:logs:REGION:ACCOUNT:log-group:NAME[:*]``, or None."""
    arn = find_arn(arn_text)
    if arn is None or arn.service != "logs" or not arn.resource.startswith("log-group:"):
        return None
    return arn.resource[len("log-group:") :].split(":")[0] or None


def parse_limit(request: Mapping[str, Any], maximum: int, default: int | None = None) -> int:
    limit: int = request.get("limit", default or maximum)
    check_range(limit, "limit", 1, maximum)
    return limit


def parse_time(request: Mapping[str, Any], member: str, default: int) -> int:
    """A moment of a request in ms, 0 or later. Moments beyond what can be stored count as the last one that can."""
    at_ms: int = request.get(member, default)
    if at_ms < 0:
        raise broken_constraint(at_ms, member, "Member must have value greater than or equal to 0")
    return min(at_ms, _TIME_MAX_MS)
