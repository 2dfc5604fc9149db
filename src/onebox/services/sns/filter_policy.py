"""Filter policies: which messages a subscription wants.

A policy is compiled once, when its subscription is loaded, into small tests; matching reads only the message.
A key's list of conditions is an OR, the keys are an AND, ``$or`` holds alternative policies. In the scope
MessageAttributes a key is a message attribute; in MessageBody it is a property of the JSON body, and may nest.
The policy was validated when it was set (filter_validation.py); nothing here raises for one that was.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import orjson

from onebox.services.sns.model import Message

Test = Callable[[Any], bool]
"""Whether one value fits one condition; the value is ABSENT where the message has no such key."""
Matcher = Callable[[Any], bool]
"""Whether an object (attributes by name, or a JSON object) fits a policy."""


class Absent:
    """The value of a key that a message lacks."""


ABSENT: Final = Absent()


class Verdict(Enum):
    """The outcome for a message, and for metrics why it was filtered out."""

    ACCEPTED = "accepted"
    FILTERED_OUT = "filtered out"
    NO_ATTRIBUTES = "no attributes"
    INVALID_ATTRIBUTES = "invalid attributes"
    INVALID_BODY = "invalid body"


class FilterPolicy:
    """A compiled policy with its scope."""

    def __init__(self, policy: Mapping[str, Any], scope: str) -> None:
        self._matches = _compile_object(policy)
        self._of_body = scope == "MessageBody"

    def decide(self, message: Message, body: str) -> Verdict:
        """Whether the subscription wants the message, whose text for it is ``body``."""
        if self._of_body:
            try:
                value = orjson.loads(body)
            except orjson.JSONDecodeError:
                return Verdict.INVALID_BODY
            if not isinstance(value, dict):
                return Verdict.INVALID_BODY
            return Verdict.ACCEPTED if self._matches(value) else Verdict.FILTERED_OUT
        try:
            values = attribute_values(message.attributes)
        except ValueError:
            return Verdict.INVALID_ATTRIBUTES
        if self._matches(values):
            return Verdict.ACCEPTED
        return Verdict.FILTERED_OUT if values else Verdict.NO_ATTRIBUTES


def parse_filter_policy(text: str, scope: str) -> FilterPolicy | None:
    """The compiled form of a stored policy; None for ``{}``, which filters nothing."""
    policy = json.loads(text)
    return FilterPolicy(policy, scope) if policy else None


def attribute_values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy sees of message attributes: text, number, or the list of a String.Array.

    Raises ValueError if a String.Array is not a JSON array or a Number not a number. Binary attributes do not
    take part.
    """
    values: dict[str, Any] = {}
    for name, attribute in attributes.items():
        kind = attribute["DataType"]
        if kind.startswith("Binary"):
            continue
        text = attribute["StringValue"]
        if kind.startswith("Number"):
            values[name] = float(text)
        elif kind == "String.Array":
            value = orjson.loads(text)
            if not isinstance(value, list):
                raise ValueError(name)
            values[name] = value
        else:
            values[name] = text
    return values


def is_alternatives(value: object) -> bool:
    """Whether the value of ``$or`` is AWS's OR of policies, not a property that happens to be called so."""
    return isinstance(value, list) and len(value) > 1 and all(isinstance(v, dict) and v for v in value)


def _compile_object(policy: Mapping[str, Any]) -> Matcher:
    """All keys must fit. A JSON array in the message fits if one of its elements does."""
    parts: list[Matcher] = []
    for key, value in policy.items():
        if key == "$or" and is_alternatives(value):
            parts.append(_any_of([_compile_object(alternative) for alternative in value]))
        elif isinstance(value, Mapping):
            parts.append(_of_key(key, _compile_nested(value)))
        else:
            parts.append(_of_key(key, _compile_conditions(value)))
    return parts[0] if len(parts) == 1 else lambda target: all(part(target) for part in parts)


def _any_of(matchers: Sequence[Matcher]) -> Matcher:
    return lambda target: any(matcher(target) for matcher in matchers)


def _of_key(key: str, test: Test) -> Matcher:
    return lambda target: test(target.get(key, ABSENT))


def _compile_nested(policy: Mapping[str, Any]) -> Test:
    matches = _compile_object(policy)

    def test(value: Any) -> bool:
        if isinstance(value, list):
            return any(test(element) for element in value)
        # What is no object has none of the keys: {"a": {"b": [{"exists": false}]}} fits {"a": 1}.
        return matches(value if isinstance(value, dict) else {})

    return test


def _compile_conditions(conditions: Sequence[Any]) -> Test:
    tests = [_compile_condition(condition) for condition in conditions]

    def test(value: Any) -> bool:
        if isinstance(value, list):
            elements = _flatten(value)
            if not elements:
                return any(one(ABSENT) for one in tests)
            return any(one(element) for one in tests for element in elements)
        return any(one(value) for one in tests)

    return test


def _flatten(values: list[Any]) -> list[Any]:
    if not any(isinstance(value, list) for value in values):
        return values
    flat: list[Any] = []
    for value in values:
        flat.extend(_flatten(value) if isinstance(value, list) else [value])
    return flat


def _compile_condition(condition: Any) -> Test:
    if isinstance(condition, Mapping):
        ((operator, operand),) = condition.items()
        return _OPERATORS[operator](operand)
    return _equals(condition)


def _equals(wanted: Any) -> Test:
    if wanted is None:
        # Recorded from AWS: a null in an attribute policy fits a message without the attribute.
        return lambda value: value is None or value is ABSENT
    if isinstance(wanted, bool):
        return lambda value: value is wanted
    if isinstance(wanted, (int, float)):
        number = float(wanted)
        return lambda value: _is_number(value) and value == number
    return lambda value: bool(value == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _exists(wanted: bool) -> Test:
    return lambda value: (value is not ABSENT) == wanted


def _prefix(operand: Any) -> Test:
    if isinstance(operand, Mapping):
        start = operand["equals-ignore-case"].lower()
        return lambda value: isinstance(value, str) and value.lower().startswith(start)
    return lambda value: isinstance(value, str) and value.startswith(operand)


def _suffix(operand: Any) -> Test:
    if isinstance(operand, Mapping):
        end = operand["equals-ignore-case"].lower()
        return lambda value: isinstance(value, str) and value.lower().endswith(end)
    return lambda value: isinstance(value, str) and value.endswith(operand)


def _equals_ignore_case(operand: str) -> Test:
    wanted = operand.lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _wildcard(operand: str) -> Test:
    """``*`` is any run of characters; a backslash makes the next character ordinary."""
    pieces = re.findall(r"\\(.)|(\*)|([^\\*]+)", operand, re.DOTALL)
    regex = re.compile(
        "".join(".*" if star else re.escape(escaped or text) for escaped, star, text in pieces), re.DOTALL
    )
    return lambda value: isinstance(value, str) and regex.fullmatch(value) is not None


def _cidr(operand: str) -> Test:
    network = ipaddress.ip_network(operand, strict=False)

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda given, wanted: given == wanted,
    "<": lambda given, wanted: given < wanted,
    "<=": lambda given, wanted: given <= wanted,
    ">": lambda given, wanted: given > wanted,
    ">=": lambda given, wanted: given >= wanted,
}


def _numeric(operand: Sequence[Any]) -> Test:
    bounds = [(_COMPARISONS[name], float(wanted)) for name, wanted in zip(operand[::2], operand[1::2], strict=True)]
    return lambda value: _is_number(value) and all(compare(value, wanted) for compare, wanted in bounds)


def _anything_but(operand: Any) -> Test:
    """Fits a value that is there and is none of these."""
    if isinstance(operand, Mapping):
        ((operator, nested),) = operand.items()
        several = nested if isinstance(nested, list) else [nested]
        refused = [_OPERATORS[operator](one) for one in several]
    else:
        refused = [_equals(one) for one in (operand if isinstance(operand, list) else [operand])]
    return lambda value: value is not ABSENT and not any(test(value) for test in refused)


_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "exists": _exists,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "cidr": _cidr,
    "numeric": _numeric,
    "anything-but": _anything_but,
}
