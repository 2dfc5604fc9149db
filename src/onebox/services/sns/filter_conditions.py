"""The conditions that a filter policy sets for one key, compiled into one test of a value. Pure.

Conditions of the same kind are joined, so that a value is looked up once among all literals, and brought to lower case
once, however many conditions there are. Nothing backtracks: the time of a test is linear in the value.
AWS: https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from onebox.text.globs import Token, Wildcard, compile_tokens

Test: TypeAlias = Callable[[Any], bool]
"""Whether one value fits; the value is ABSENT where the message has no such key."""


class Absent:
    """The value of a key that a message lacks."""


ABSENT: Final = Absent()

_ADDRESS_CHARACTERS_MAX = 100
_TOKENS = re.compile(r"\\(.)|(\*)|([^\\*]+)", re.DOTALL)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda given, limit: given == limit,
    "<": lambda given, limit: given < limit,
    "<=": lambda given, limit: given <= limit,
    ">": lambda given, limit: given > limit,
    ">=": lambda given, limit: given >= limit,
}


def compile_conditions(conditions: Sequence[Any]) -> tuple[Test, int]:
    """The test that one of the conditions holds, and how many separate tests it is made of."""
    literals = [condition for condition in conditions if not isinstance(condition, Mapping)]
    operands: dict[str, list[Any]] = {}
    for condition in conditions:
        if isinstance(condition, Mapping):
            ((operator, operand),) = condition.items()
            operands.setdefault(operator, []).append(operand)
    tests: list[Test] = []
    if literals:
        tests.append(_literals(literals))
    if operands.keys() & _TEXT_OPERATORS:
        tests.append(_texts(operands))
    for operator, make in _SINGLE_OPERATORS.items():
        tests += [make(operand) for operand in operands.get(operator, ())]
    if len(tests) == 1:
        return tests[0], 1
    if len(tests) == 2:
        first, second = tests
        return (lambda value: first(value) or second(value)), 2
    return (lambda value: any(test(value) for test in tests)), len(tests)


def _literals(literals: Sequence[Any]) -> Test:
    """Whether a value equals one of these texts, numbers, booleans, or null."""
    texts = frozenset(literal for literal in literals if isinstance(literal, str))
    numbers = frozenset(float(literal) for literal in literals if _is_number(literal))
    has_true, has_false, has_null = (any(literal is one for literal in literals) for one in (True, False, None))

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in texts
        if value is True:
            return has_true
        if value is False:
            return has_false
        if isinstance(value, (int, float)):
            return value in numbers
        return value is None and has_null

    return test


def _texts(operands: Mapping[str, Sequence[Any]]) -> Test:
    """Prefixes, suffixes and texts without regard to case, all of them together."""
    prefixes, lower_prefixes = _split_by_case(operands.get("prefix", ()))
    suffixes, lower_suffixes = _split_by_case(operands.get("suffix", ()))
    lower_texts = frozenset(text.lower() for text in operands.get("equals-ignore-case", ()))
    ignores_case = bool(lower_prefixes or lower_suffixes or lower_texts)

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if value.startswith(prefixes) or value.endswith(suffixes):
            return True
        if not ignores_case:
            return False
        lower = value.lower()
        return lower in lower_texts or lower.startswith(lower_prefixes) or lower.endswith(lower_suffixes)

    return test


def _split_by_case(operands: Sequence[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The affixes that regard case, and, in lower case, those under ``equals-ignore-case``."""
    exact = tuple(operand for operand in operands if isinstance(operand, str))
    lower = tuple(operand["equals-ignore-case"].lower() for operand in operands if not isinstance(operand, str))
    return exact, lower


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _exists(expected: bool) -> Test:
    return lambda value: (value is not ABSENT) == expected


def _wildcard(operand: str) -> Test:
    """``*`` is any run of characters; a backslash makes the next character ordinary."""
    tokens: list[Token] = [
        Wildcard.RUN if star else escaped or text for escaped, star, text in _TOKENS.findall(operand)
    ]
    glob = compile_tokens(tokens)
    return lambda value: isinstance(value, str) and glob.matches(value)


def _cidr(operand: str) -> Test:
    network = ipaddress.ip_network(operand, strict=False)

    def test(value: Any) -> bool:
        address = _read_address(value) if isinstance(value, str) and len(value) <= _ADDRESS_CHARACTERS_MAX else None
        return address is not None and address in network

    return test


@lru_cache(maxsize=16)  # a value is tested by all the networks of its key, one after the other
def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _numeric(operand: Sequence[Any]) -> Test:
    bounds = [(_COMPARISONS[name], float(limit)) for name, limit in zip(operand[::2], operand[1::2], strict=True)]
    return lambda value: _is_number(value) and all(compare(value, limit) for compare, limit in bounds)


def _anything_but(operand: Any) -> Test:
    """Fits a value that is there and is none of these."""
    if isinstance(operand, Mapping):
        nested = operand["prefix"]
        excluded = _texts({"prefix": nested if isinstance(nested, list) else [nested]})
    else:
        excluded = _literals(operand if isinstance(operand, list) else [operand])
    return lambda value: value is not ABSENT and not excluded(value)


_TEXT_OPERATORS = frozenset(("prefix", "suffix", "equals-ignore-case"))
_SINGLE_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "exists": _exists,
    "wildcard": _wildcard,
    "cidr": _cidr,
    "numeric": _numeric,
    "anything-but": _anything_but,
}
