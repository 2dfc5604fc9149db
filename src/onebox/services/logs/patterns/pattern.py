"""What every kind of filter pattern offers, and what the kinds share: values, comparison, regexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from onebox.services.logs.errors import InvalidParameterException

Extracted = Mapping[str, str]
"""What a pattern took out of a message: selector (``$.latency``, ``$bytes``) to text."""

# AWS takes letters, digits, these symbols and operators, and no parentheses; without groups no expression can
# take exponential time.
_REGEX = re.compile(r"[A-Za-z0-9:_#=@/;,\-\s^$?\[\]{}|\\*+.]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Pattern(Protocol):
    @property
    def tests(self) -> int:
        """How many tests a message may have to pass: what a match costs at most, times the message's length."""

    def extract(self, message: str) -> Extracted | None:
        """None if the message does not match, else what the pattern's selectors found in it."""

    def select(self, message: str, selector: str) -> str | None:
        """The value of one more selector (a metric's value or dimension) in a message that matches."""


def invalid_pattern() -> InvalidParameterException:
    return InvalidParameterException("Invalid filter pattern")


def find_number(text: str) -> float | None:
    """The number that ``text`` is, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def compile_regex(text: str) -> re.Pattern[str]:
    """The expression between two ``%``, within what AWS allows there."""
    if not text or not _REGEX.fullmatch(text):
        raise InvalidParameterException("Invalid regular expression in the filter pattern")
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidParameterException("Invalid regular expression in the filter pattern") from error


def text_test(value: str, quoted: bool) -> Callable[[str], bool]:
    """Whether a text equals ``value``: ``*`` stands for anything, ``%…%`` encloses a regular expression."""
    if not quoted and len(value) > 2 and value.startswith("%") and value.endswith("%"):
        regex = compile_regex(value[1:-1])
        return lambda text: regex.search(text) is not None
    if "*" in value:
        first, *middle, last = value.split("*")
        return lambda text: _matches_wildcard(text, first, middle, last)
    return lambda text: text == value


def number_test(operator: str, bound: float) -> Callable[[float], bool]:
    return {
        "=": lambda number: number == bound,
        "!=": lambda number: number != bound,
        "<": lambda number: number < bound,
        "<=": lambda number: number <= bound,
        ">": lambda number: number > bound,
        ">=": lambda number: number >= bound,
    }[operator]


def _matches_wildcard(text: str, first: str, middle: list[str], last: str) -> bool:
    """Whether ``text`` is these parts in order with anything in between, found in one pass."""
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
