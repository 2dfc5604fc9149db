"""The rules that a filter policy must satisfy when it is set, with AWS's words.

AWS: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from onebox.services.sns.errors import FilterPolicyLimitExceededException, InvalidParameterException
from onebox.services.sns.filter_policy import is_alternatives
from onebox.services.sns.limits import (
    FILTER_KEY_PARTS_MAX,
    FILTER_POLICY_BYTES_MAX,
    FILTER_POLICY_COMBINATIONS_MAX,
    FILTER_POLICY_DEPTH_MAX,
    FILTER_POLICY_KEYS_MAX,
    FILTER_WILDCARD_POINTS_MAX,
    FILTER_WILDCARDS_OF_PATTERN_MAX,
)
from onebox.text.documents import parse_document

_TEXT_OPERATORS = frozenset(("prefix", "suffix", "equals-ignore-case", "wildcard"))
_RANGE_OPERATORS = frozenset(("<", "<=", "=", ">", ">="))


def check_filter_policy(text: str, scope: str, prefix: str = "Invalid parameter: ") -> None:
    """Raise InvalidParameter, with ``prefix`` before the reason, if AWS would refuse the policy."""
    if len(text.encode()) > FILTER_POLICY_BYTES_MAX:
        raise FilterPolicyLimitExceededException("Filter policy exceeds the maximum size")
    try:
        policy = parse_document(text, bytes_max=FILTER_POLICY_BYTES_MAX, depth_max=FILTER_POLICY_DEPTH_MAX)
    except ValueError as error:
        raise InvalidParameterException(f"{prefix}FilterPolicy: failed to parse JSON. {error}") from error
    try:
        if not isinstance(policy, dict):
            raise _Refused("Filter policy must be a JSON object")
        if len(policy) > FILTER_POLICY_KEYS_MAX:
            raise _Refused("Filter policy can not have more than 5 keys")
        if _check_object(policy, scope, depth=1, combinations=1) > FILTER_POLICY_COMBINATIONS_MAX:
            raise _Refused("Filter policy is too complex")
        if _count_wildcard_points(policy) > FILTER_WILDCARD_POINTS_MAX:
            raise _Refused("Filter policy is too complex")
    except _Refused as error:
        raise InvalidParameterException(f"{prefix}{error}") from error


class _Refused(Exception):
    """The reason, after «FilterPolicy: » except where AWS leaves that out."""

    def __init__(self, reason: str, label: str = "FilterPolicy: ") -> None:
        super().__init__(label + reason)


def _check_object(policy: Mapping[str, Any], scope: str, depth: int, combinations: int) -> int:
    """Check a (nested) policy; the product of the lengths of its lists, each times its depth."""
    for key, value in policy.items():
        if key.count(".") >= FILTER_KEY_PARTS_MAX:
            raise _Refused("Filter policy is too complex")
        if key == "$or" and is_alternatives(value):
            combinations = sum(_check_object(one, scope, depth, combinations) for one in value)
        elif isinstance(value, dict):
            if not value:
                raise _Refused("Empty objects are not allowed")
            # AWS looks at what is nested first, and refuses nesting afterwards.
            combinations = _check_object(value, scope, depth + 1, combinations)
            if scope == "MessageAttributes":
                reason = "Filter policy scope MessageAttributes does not support nested filter policy"
                raise _Refused(reason, label="")
        elif isinstance(value, list):
            if not value:
                raise _Refused("Empty arrays are not allowed")
            for condition in value:
                _check_condition(condition)
            combinations *= len(value) * depth
        else:
            raise _Refused(f'"{key}" must be an object or an array')
    return combinations


def _check_condition(condition: Any) -> None:
    if condition is None or isinstance(condition, (str, bool, int, float)):
        return
    if not isinstance(condition, dict):
        raise _Refused("Match value must be String, number, true, false, or null")
    if len(condition) != 1:
        raise _Refused("Only one key allowed in match expression")
    ((operator, operand),) = condition.items()
    if operator in _TEXT_OPERATORS:
        _check_text(operator, operand)
    elif operator == "exists":
        if not isinstance(operand, bool):
            raise _Refused("exists match pattern must be either true or false.")
    elif operator == "numeric":
        _check_numeric(operand)
    elif operator == "cidr":
        _check_cidr(operand)
    elif operator == "anything-but":
        _check_anything_but(operand)
    else:
        raise _Refused(f"Unrecognized match type {operator}")


def _check_text(operator: str, operand: Any) -> None:
    if operator in ("prefix", "suffix") and isinstance(operand, dict):
        if list(operand) == ["equals-ignore-case"] and isinstance(operand["equals-ignore-case"], str):
            return
        raise _Refused(f"Unsupported {operator} pattern: {next(iter(operand), '')}")
    if not isinstance(operand, str):
        raise _Refused(f"{operator} match pattern must be a string")
    if operator == "wildcard":
        if "**" in operand:
            raise _Refused("Consecutive wildcard characters are not allowed in wildcard match pattern")
        if _count_wildcards(operand) > FILTER_WILDCARDS_OF_PATTERN_MAX:
            raise _Refused("Too many wildcard characters in wildcard match pattern")


def _count_wildcards(pattern: str) -> int:
    """The stars of a pattern that are not escaped."""
    return pattern.replace("\\\\", "").replace("\\*", "").count("*")


def _count_wildcard_points(policy: Mapping[str, Any]) -> int:
    """The complexity of all wildcard patterns of a policy that passed the other checks."""
    points = 0
    rest: list[Any] = [policy]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            pattern = value.get("wildcard")
            if len(value) == 1 and isinstance(pattern, str):
                wildcards = _count_wildcards(pattern)
                points += wildcards if wildcards < 2 else 3 * wildcards
            else:
                rest += value.values()
    return points


def _check_anything_but(operand: Any) -> None:
    if isinstance(operand, dict):
        if len(operand) != 1:
            raise _Refused("Only one key allowed in match expression")
        ((operator, nested),) = operand.items()
        if operator != "prefix":
            raise _Refused(f"Unsupported anything-but pattern: {operator}")
        for one in nested if isinstance(nested, list) and nested else [nested]:
            if not isinstance(one, str):
                raise _Refused(f"{operator} match pattern must be a string")
        return
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        raise _Refused("Empty arrays are not allowed")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise _Refused("Value of anything-but must be an array or single string/number value.")


def _check_cidr(operand: Any) -> None:
    if not isinstance(operand, str):
        raise _Refused("prefix match pattern must be a string")
    if operand.count("/") != 1:
        raise _Refused("Malformed CIDR, one '/' required")
    mask = operand.partition("/")[2]
    if not (mask.isascii() and mask.isdigit()):
        raise _Refused("Malformed CIDR, mask bits must be an integer")
    try:
        ipaddress.ip_network(operand, strict=False)
    except ValueError:
        raise _Refused("Nonstandard IP address: " + operand.partition("/")[0]) from None


def _check_numeric(operand: Any) -> None:
    """``[operator, number]``, or a range ``[">" | ">=", bottom, "<" | "<=", top]``."""
    if not isinstance(operand, list):
        raise _Refused("Value of numeric must be an array.")
    if not operand:
        raise _Refused("Invalid member in numeric match: ]")
    operator = operand[0]
    if not isinstance(operator, str):
        raise _Refused(f"Invalid member in numeric match: {_shown(operator)}")
    if operator not in _RANGE_OPERATORS:
        raise _Refused(f"Unrecognized numeric range operator: {operator}")
    bottom = _number_at(operand, 1, operator)
    if len(operand) == 2:
        return
    if operator not in (">", ">="):
        raise _Refused("Too many elements in numeric expression")
    if not isinstance(operand[2], str):
        raise _Refused(f"Bad value in numeric range: {_shown(operand[2])}")
    if operand[2] not in ("<", "<="):
        raise _Refused(f"Bad numeric range operator: {operand[2]}")
    if _number_at(operand, 3, operand[2]) <= bottom:
        raise _Refused("Bottom must be less than top")
    if len(operand) > 4:
        raise _Refused("Too many terms in numeric range expression")


def _number_at(operand: list[Any], index: int, operator: str) -> float:
    value = operand[index] if index < len(operand) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Refused(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    return value


def _shown(value: Any) -> str:
    return json.dumps(value)
