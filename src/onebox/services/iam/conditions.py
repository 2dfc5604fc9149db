"""The Condition element: operators, set operators, IfExists, Null.

Promises: a condition compiles once to a test that reads only the request's condition keys; a missing key
makes a positive operator false and a negated one (``StringNotEquals``) true, as in AWS.
Knows nothing of statements, callers and storage.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from onebox.services.iam.patterns import Keys, Pattern, compile_pattern

Match = Callable[[Pattern, str, Keys], bool]
"""Whether one value of the request fits one value of the policy."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key: ``{"StringLike": {"aws:SourceArn": [...]}}``."""

    key: str
    operator: Operator
    patterns: tuple[Pattern, ...]
    quantifier: str = ""
    if_exists: bool = False

    def holds(self, keys: Keys) -> bool:
        """Whether the request's keys satisfy the condition."""
        values = keys.get(self.key)
        if self.operator.name == "null":
            return any(pattern.equals("true" if not values else "false", keys) for pattern in self.patterns)
        if values is None:
            return self.if_exists or self._holds_without_key()
        results = (self._fits(value, keys) for value in values)
        if self.quantifier == "forallvalues":
            return all(results)
        if self.quantifier == "foranyvalue" or not self.operator.negated:
            return any(results)
        return all(results)

    def _holds_without_key(self) -> bool:
        if self.quantifier:
            return self.quantifier == "forallvalues"
        return self.operator.negated

    def _fits(self, value: str, keys: Keys) -> bool:
        match = self.operator.match
        found = any(match(pattern, value, keys) for pattern in self.patterns)
        return found != self.operator.negated


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator compares; ``negated`` for its ``Not`` form."""

    name: str
    match: Match
    negated: bool = False
    ignore_case: bool = False


def compile_conditions(block: Mapping[str, Any], *, variables: bool) -> tuple[Condition, ...]:
    """The conditions of a Condition element; all must hold. Raises ValueError for an unknown operator."""
    conditions = []
    for written, tests in block.items():
        quantifier, operator, if_exists = parse_operator(written)
        for key, wanted in tests.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            patterns = tuple(
                compile_pattern(_text(value), variables=variables, ignore_case=operator.ignore_case) for value in values
            )
            conditions.append(Condition(key.lower(), operator, patterns, quantifier, if_exists))
    return tuple(conditions)


def parse_operator(written: str) -> tuple[str, Operator, bool]:
    """Quantifier, operator and IfExists of an operator's name. Raises ValueError if AWS knows none such."""
    quantifier, colon, name = written.rpartition(":")
    quantifier, name = quantifier.lower(), name.lower()
    if colon and quantifier not in ("forallvalues", "foranyvalue"):
        raise ValueError(written)
    if_exists = name.endswith("ifexists") and not name.startswith("null")
    operator = _OPERATORS.get(name[: -len("ifexists")] if if_exists else name)
    if operator is None:
        raise ValueError(written)
    return quantifier, operator, if_exists


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _equals(pattern: Pattern, value: str, keys: Keys) -> bool:
    return pattern.equals(value, keys)


def _like(pattern: Pattern, value: str, keys: Keys) -> bool:
    return pattern.matches(value, keys)


def _arn_like(pattern: Pattern, value: str, keys: Keys) -> bool:
    return pattern.matches_arn(value, keys)


def _numeric(compare: Callable[[float, float], bool]) -> Match:
    def match(pattern: Pattern, value: str, keys: Keys) -> bool:
        try:
            return compare(float(value), float(pattern.text))
        except ValueError:
            return False

    return match


def _date(compare: Callable[[float, float], bool]) -> Match:
    def match(pattern: Pattern, value: str, keys: Keys) -> bool:
        given, wanted = parse_moment_s(value), parse_moment_s(pattern.text)
        return given is not None and wanted is not None and compare(given, wanted)

    return match


@lru_cache(maxsize=1024)
def parse_moment_s(text: str) -> float | None:
    """Seconds since the epoch of an ISO 8601 date or a number of seconds; None for anything else."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _ip_address(pattern: Pattern, value: str, keys: Keys) -> bool:
    network = _network(pattern.text)
    try:
        return network is not None and ipaddress.ip_address(value) in network
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _operators() -> dict[str, Operator]:
    comparisons: dict[str, Callable[[float, float], bool]] = {
        "equals": lambda given, wanted: given == wanted,
        "lessthan": lambda given, wanted: given < wanted,
        "lessthanequals": lambda given, wanted: given <= wanted,
        "greaterthan": lambda given, wanted: given > wanted,
        "greaterthanequals": lambda given, wanted: given >= wanted,
    }
    operators = [
        Operator("stringequals", _equals),
        Operator("stringnotequals", _equals, negated=True),
        Operator("stringequalsignorecase", _equals, ignore_case=True),
        Operator("stringnotequalsignorecase", _equals, negated=True, ignore_case=True),
        Operator("stringlike", _like),
        Operator("stringnotlike", _like, negated=True),
        Operator("arnequals", _arn_like),
        Operator("arnlike", _arn_like),
        Operator("arnnotequals", _arn_like, negated=True),
        Operator("arnnotlike", _arn_like, negated=True),
        Operator("bool", _equals, ignore_case=True),
        Operator("binaryequals", _equals),
        Operator("ipaddress", _ip_address),
        Operator("notipaddress", _ip_address, negated=True),
        Operator("null", _equals, ignore_case=True),
    ]
    for name, compare in comparisons.items():
        operators.append(Operator(f"numeric{name}", _numeric(compare)))
        operators.append(Operator(f"date{name}", _date(compare)))
    operators.append(Operator("numericnotequals", _numeric(comparisons["equals"]), negated=True))
    operators.append(Operator("datenotequals", _date(comparisons["equals"]), negated=True))
    return {operator.name: operator for operator in operators}


_OPERATORS = _operators()
