"""Converts conditions such as ``status=paid`` to an SNS filter policy, and back.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from orders.errors import OperatorError
from orders.publishing.message import NUMBER_ATTRIBUTES, STRING_ATTRIBUTES

ATTRIBUTES = (*STRING_ATTRIBUTES, *NUMBER_ATTRIBUTES)
# What SNS compares: https://docs.aws.amazon.com/sns/latest/dg/numeric-value-matching.html
NUMBER_MAX = Decimal(10) ** 9
_match_condition = re.compile(r"\s*(\w+)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*", re.DOTALL).fullmatch
_ADVICE = (
    "Write status=paid, status!=cancelled, country=U*, total>=100; several = conditions on one field match any of them."
)


def make_filter_policy(conditions: Sequence[str]) -> dict[str, list[Any]]:
    """The filter policy for conditions that must all hold; equalities of one field: any of them.

    Raises OperatorError for a field that is not a message attribute, and for values that SNS cannot compare.
    """
    by_field: dict[str, list[tuple[str, str]]] = {}
    for condition in conditions:
        found = _match_condition(condition)
        if found is None:
            raise OperatorError(f"{condition!r} is not a condition", _ADVICE)
        field, operator, value = found.groups()
        if field not in ATTRIBUTES:
            raise OperatorError(
                f"orders cannot be filtered by {field}", f"Messages carry the attributes {', '.join(ATTRIBUTES)}."
            )
        by_field.setdefault(field, []).append((operator, value))
    return {
        field: _numeric(field, tests) if field in NUMBER_ATTRIBUTES else _strings(field, tests)
        for field, tests in by_field.items()
    }


def _strings(field: str, tests: list[tuple[str, str]]) -> list[Any]:
    wanted: list[Any] = []
    unwanted: list[str] = []
    for operator, value in tests:
        if operator == "!=":
            unwanted.append(value)
        elif operator != "=":
            raise OperatorError(f"{field} is a string: {operator} compares numbers", _ADVICE)
        elif value.endswith("*"):
            wanted.append({"prefix": value[:-1]})
        else:
            wanted.append(value)
    if wanted and unwanted:
        raise OperatorError(f"{field} has conditions with = and with !=", "SNS would accept either; keep one.")
    return wanted or [{"anything-but": unwanted}]


def _numeric(field: str, tests: list[tuple[str, str]]) -> list[Any]:
    equal = [{"numeric": ["=", _number(field, value)]} for operator, value in tests if operator == "="]
    unequal = [_number(field, value) for operator, value in tests if operator == "!="]
    limits = [(operator, _number(field, value)) for operator, value in tests if operator not in ("=", "!=")]
    if bool(equal) + bool(unequal) + bool(limits) > 1:
        raise OperatorError(f"{field} has conditions of several kinds", "Keep =, !=, or one range.")
    if equal:
        return list(equal)
    if unequal:
        return [{"anything-but": unequal}]
    # SNS requires the lower limit first.
    limits.sort(key=lambda limit: limit[0][0] == "<")
    kinds = [operator[0] for operator, _ in limits]
    if len(set(kinds)) < len(kinds):
        raise OperatorError(f"{field} has two limits on one side", "Keep one of them.")
    return [{"numeric": [part for limit in limits for part in limit]}]


def _number(field: str, text: str) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise OperatorError(f"{field} must be compared with a number, not {text!r}") from error
    if not number.is_finite() or abs(number) > NUMBER_MAX or number != round(number, 5):
        raise OperatorError(f"SNS cannot compare with {text}", "The range is -10^9 to 10^9, with up to five decimals.")
    return int(number) if number == int(number) else float(number)


def show_filter(policy: str | Mapping[str, Any] | None) -> str:
    """A filter policy as conditions; as JSON if it was written by another tool."""
    if not policy:
        return "all orders"
    parsed = json.loads(policy) if isinstance(policy, str) else policy
    words: list[str] = []
    for field, rules in parsed.items():
        shown = [_show_rule(field, rule) for rule in rules] if isinstance(rules, list) else [None]
        if None in shown:
            return json.dumps(parsed)
        words.append(" or ".join(str(one) for one in shown))
    return ", ".join(words)


def _show_rule(field: str, rule: object) -> str | None:
    if isinstance(rule, str):
        return f"{field}={rule}"
    if not isinstance(rule, dict) or len(rule) != 1:
        return None
    ((kind, value),) = rule.items()
    if kind == "prefix":
        return f"{field}={value}*"
    if kind == "anything-but" and isinstance(value, (list, str, int, float)):
        return " and ".join(f"{field}!={one}" for one in (value if isinstance(value, list) else [value]))
    if kind == "numeric":
        return " and ".join(f"{field}{value[i]}{value[i + 1]}" for i in range(0, len(value), 2))
    return None
