"""Filter policies: which messages a subscription accepts.

A policy is compiled once, when its subscription is loaded; matching reads only the message. A key's list of conditions
is an OR, the keys are an AND, ``$or`` holds alternative policies. In the scope MessageAttributes a key is a message
attribute. In MessageBody a key is a property of the JSON body; policies may nest, and a dot in a key means the same as
nesting, in the policy and in the body. The policy was validated when it was set (filter_validation.py); nothing here
raises for a valid one. A message is decided in bounded time: what is counted is the tests that are really made, so that
values at which the policy does not look cost nothing.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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
    TOO_MANY_TESTS = "too many tests"


class FilterPolicy:
    """A compiled policy with its scope."""

    def __init__(self, policy: Mapping[str, Any], scope: str) -> None:
        self._of_body = scope == "MessageBody"
        self._root = _Node()
        _compile_object(policy, self._root, nests=self._of_body)
        self.is_costly = self._root.count_tests() > _FEW_TESTS or self._root.is_nested()
        """Whether a message with many values may take milliseconds."""

    def decide(self, message: Message, body: str) -> Verdict:
        """Whether the subscription accepts the message, whose text for it is ``body``."""
        if self._of_body:
            return self._decide_by_body(body)
        try:
            values = attribute_values(message.attributes)
        except ValueError:
            return Verdict.INVALID_ATTRIBUTES
        return self._match(values, Verdict.FILTERED_OUT if values else Verdict.NO_ATTRIBUTES)

    def _decide_by_body(self, body: str) -> Verdict:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            return Verdict.INVALID_BODY
        return self._match(value, Verdict.FILTERED_OUT) if isinstance(value, dict) else Verdict.INVALID_BODY

    def _match(self, properties: Mapping[str, Any], refusal: Verdict) -> Verdict:
        try:
            return Verdict.ACCEPTED if _matches(self._root, [_Place(properties)], _Budget()) else refusal
        except _BudgetSpent:
            return Verdict.TOO_MANY_TESTS


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


class _BudgetSpent(Exception):
    """The message has more tests than are made for it."""


class _Budget:
    """How many tests may be made yet for a message."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = FILTER_TESTS_MAX

    def spend(self, tests: int) -> None:
        self._left -= tests
        if self._left < 0:
            raise _BudgetSpent


class _Node:
    """A place in the policy: what its value must fulfil, and the places below it, by the next part of their key."""

    __slots__ = ("alternatives", "children", "count_below", "test_count", "tests")

    def __init__(self) -> None:
        self.tests: list[Test] = []
        self.test_count = 0
        """How many separate tests ``tests`` are made of."""
        self.count_below = 0
        """How many the places below have; see :meth:`count_tests`."""
        self.children: dict[str, _Node] = {}
        self.alternatives: list[list[_Node]] = []

    def count_tests(self) -> int:
        """Of this place and all below, once the policy is complete."""
        self.count_below = sum(node.count_tests() for node in self._below())
        return self.test_count + self.count_below

    def is_nested(self) -> bool:
        """Whether a place below has places below."""
        return any(node.children or node.alternatives for node in self._below())

    def _below(self) -> Iterator[_Node]:
        yield from self.children.values()
        for roots in self.alternatives:
            yield from roots


class _Place(NamedTuple):
    """An object of the message, and the beginning of the keys in it that belong here (``a.`` for ``{"a.b": 1}``)."""

    properties: Mapping[str, Any]
    prefix: str = ""


def _compile_object(policy: Mapping[str, Any], node: _Node, *, nests: bool) -> None:
    """Add a (nested) policy to a node. All keys must fit."""
    for key, value in policy.items():
        if key == "$or" and is_alternatives(value):
            roots = [_Node() for _ in value]
            node.alternatives.append(roots)
            for one, root in zip(value, roots, strict=True):
                _compile_object(one, root, nests=nests)
            continue
        target = node
        for part in key.split(".") if nests else [key]:
            target = target.children.setdefault(part, _Node())
        if isinstance(value, Mapping):
            _compile_object(value, target, nests=nests)
        else:
            test, tests = compile_conditions(value)
            target.tests.append(test)
            target.test_count += tests


def _matches(node: _Node, places: Sequence[_Place], budget: _Budget) -> bool:
    """Whether the properties at these places, which are one place to the policy, fit everything below the node. Raises
    _BudgetSpent."""
    # Loops instead of all(): this runs for every message and subscription.
    for part, child in node.children.items():
        if not _child_matches(child, part, places, budget):
            return False
    if not node.alternatives:
        return True
    return all(any(_matches(root, places, budget) for root in roots) for roots in node.alternatives)


def _child_matches(node: _Node, part: str, places: Sequence[_Place], budget: _Budget) -> bool:
    if len(places) == 1 and not node.children and not node.alternatives:
        # The usual case: one object, one value, nothing below.
        (place,) = places
        value = place.properties.get(place.prefix + part, ABSENT)
        if not isinstance(value, list):
            return node.tests[0](value) if len(node.tests) == 1 else all(test(value) for test in node.tests)
    values = [p.properties[p.prefix + part] for p in places if p.prefix + part in p.properties]
    if node.tests:
        elements = _flatten(values) or [ABSENT]
        budget.spend(len(elements) * node.test_count)
        for test in node.tests:
            if not any(test(value) for value in elements):
                return False
    if not node.children and not node.alternatives:
        return True
    return _below_matches(node, part, places, values, budget)


def _below_matches(node: _Node, part: str, places: Sequence[_Place], values: list[Any], budget: _Budget) -> bool:
    """Whether these values of the key part, or what other keys with a dot say of it, fit what lies below the node."""
    below = [_Place(value) for value in values if isinstance(value, dict)]
    # Keys with a dot go on in the same object: {"a.b": 1} is {"a": {"b": 1}}.
    below += [_Place(place.properties, f"{place.prefix}{part}.") for place in places]
    arrays = [value for value in values if isinstance(value, list)]
    if not arrays:
        return _matches(node, below, budget)
    elements = _flatten(arrays)
    budget.spend(len(elements))
    # One element must fit the whole of what lies below. An element that is no object has none of the keys.
    for element in elements:
        budget.spend(max(len(below), node.count_below))
        if _matches(node, [_Place(element), *below] if isinstance(element, dict) else below, budget):
            return True
    return False


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
