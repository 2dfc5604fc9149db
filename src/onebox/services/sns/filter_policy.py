"""Filter policies: which messages a subscription accepts.

A policy is compiled once, when its subscription is loaded; matching reads only the message. A key's list of conditions
is an OR, the keys are an AND, ``$or`` holds alternative policies. In the scope MessageAttributes a key is a message
attribute. In MessageBody a key is a property of the JSON body; policies may nest, and a dot in a key means the same as
nesting, in the policy and in the body. The policy was validated when it was set (filter_validation.py); nothing here
raises for a valid one.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import orjson

from onebox.services.sns.filter_conditions import ABSENT, Test, compile_conditions
from onebox.services.sns.limits import FILTER_TESTS_MAX
from onebox.services.sns.model import Message

_FEW_TESTS = 5


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
        self._of_body = scope == "MessageBody"
        self._root = _Node()
        self._tests = _compile_object(policy, self._root, nests=self._of_body)

    @property
    def is_costly(self) -> bool:
        """Whether a message with many values may take milliseconds."""
        return self._tests > _FEW_TESTS

    def decide(self, message: Message, body: str) -> Verdict:
        """Whether the subscription accepts the message, whose text for it is ``body``."""
        if self._of_body:
            return self._decide_by_body(body)
        try:
            values = attribute_values(message.attributes)
        except ValueError:
            return Verdict.INVALID_ATTRIBUTES
        if any(isinstance(value, list) and self._is_too_much(len(value)) for value in values.values()):
            return Verdict.INVALID_ATTRIBUTES
        if _matches(self._root, [_Place(values)]):
            return Verdict.ACCEPTED
        return Verdict.FILTERED_OUT if values else Verdict.NO_ATTRIBUTES

    def _decide_by_body(self, body: str) -> Verdict:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            return Verdict.INVALID_BODY
        # A body has no more values than commas and brackets.
        if not isinstance(value, dict) or self._is_too_much(body.count(",") + body.count("[") + body.count("{")):
            return Verdict.INVALID_BODY
        return Verdict.ACCEPTED if _matches(self._root, [_Place(value)]) else Verdict.FILTERED_OUT

    def _is_too_much(self, values: int) -> bool:
        return values * self._tests > FILTER_TESTS_MAX


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


class _Node:
    """A place in the policy: what its value must fulfil, and the places below it, by the next part of their key."""

    __slots__ = ("alternatives", "children", "tests")

    def __init__(self) -> None:
        self.tests: list[Test] = []
        self.children: dict[str, _Node] = {}
        self.alternatives: list[list[_Node]] = []


class _Place(NamedTuple):
    """An object of the message, and the beginning of the keys in it that belong here (``a.`` for ``{"a.b": 1}``)."""

    properties: Mapping[str, Any]
    prefix: str = ""


def _compile_object(policy: Mapping[str, Any], node: _Node, *, nests: bool) -> int:
    """Add a (nested) policy to a node; the number of tests in it. All keys must fit."""
    count = 0
    for key, value in policy.items():
        if key == "$or" and is_alternatives(value):
            roots = [_Node() for _ in value]
            node.alternatives.append(roots)
            count += sum(_compile_object(one, root, nests=nests) for one, root in zip(value, roots, strict=True))
            continue
        target = node
        for part in key.split(".") if nests else [key]:
            target = target.children.setdefault(part, _Node())
        if isinstance(value, Mapping):
            count += _compile_object(value, target, nests=nests)
        else:
            test, tests = compile_conditions(value)
            target.tests.append(test)
            count += tests
    return count


def _matches(node: _Node, places: Sequence[_Place]) -> bool:
    """Whether the properties at these places, which are one place to the policy, fit everything below the node."""
    # Loops instead of all(): this runs for every message and subscription.
    for part, child in node.children.items():
        if not _child_matches(child, part, places):
            return False
    if not node.alternatives:
        return True
    return all(any(_matches(root, places) for root in roots) for roots in node.alternatives)


def _child_matches(node: _Node, part: str, places: Sequence[_Place]) -> bool:
    if len(places) == 1 and not node.children and not node.alternatives:
        # The usual case: one object, one value, nothing below.
        (place,) = places
        value = place.properties.get(place.prefix + part, ABSENT)
        if not isinstance(value, list):
            return node.tests[0](value) if len(node.tests) == 1 else all(test(value) for test in node.tests)
    values = [p.properties[p.prefix + part] for p in places if p.prefix + part in p.properties]
    for test in node.tests:
        if not any(test(value) for value in _elements(values)):
            return False
    if not node.children and not node.alternatives:
        return True
    below = [_Place(value) for value in values if isinstance(value, dict)]
    # Keys with a dot go on in the same object: {"a.b": 1} is {"a": {"b": 1}}.
    below += [_Place(place.properties, f"{place.prefix}{part}.") for place in places]
    arrays = [value for value in values if isinstance(value, list)]
    if not arrays:
        return _matches(node, below)
    # One element must fit the whole of what lies below. An element that is no object has none of the keys.
    return any(
        _matches(node, [_Place(element), *below] if isinstance(element, dict) else below)
        for element in _flatten(arrays)
    )


def _elements(values: list[Any]) -> list[Any]:
    """The values to be tested: of an array its elements, ABSENT if there is nothing."""
    return _flatten(values) or [ABSENT]


def _flatten(values: list[Any]) -> list[Any]:
    if not any(isinstance(value, list) for value in values):
        return values
    flat: list[Any] = []
    rest = values[::-1]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest.extend(reversed(value))
        else:
            flat.append(value)
    return flat
