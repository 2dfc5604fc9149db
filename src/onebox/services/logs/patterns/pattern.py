"""What every kind of filter pattern offers, and what the kinds share: values, comparison, regexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from onebox.services.logs.errors import InvalidParameterException
from onebox.text.globs import compile_glob

Test = Callable[[str], bool]

Extracted = Mapping[str, str]
"""What a pattern took out of a message: selector (``$.latency``, ``$bytes``) to text."""

# AWS takes letters, digits, these symbols and operators, and no parentheses.
_REGEX = re.compile(r"[A-Za-z0-9:_#=@/;,\-\s^$?\[\]{}|\\*+.]*")
_NUMBER_CHARACTERS_MAX = 400
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
    """The number that ``text`` is, or None; a text longer than any double is none."""
    return float(text) if len(text) <= _NUMBER_CHARACTERS_MAX and _NUMBER.fullmatch(text) else None


def compile_regex(text: str) -> Test:
    """Whether a text holds what the expression between two ``%`` means, within what AWS allows there.

    RE2 finds it in time that grows with the text alone, whatever the expression is.
    """
    if not text or not _REGEX.fullmatch(text):
        raise InvalidParameterException("Invalid regular expression in the filter pattern")
    import re2  # here, because few ask for it

    options = re2.Options()
    options.log_errors = False
    try:
        regex = re2.compile(text, options)
    except re2.error as error:
        raise InvalidParameterException("Invalid regular expression in the filter pattern") from error
    return lambda text: regex.search(text) is not None


def text_test(value: str, quoted: bool) -> Test:
    """Whether a text equals ``value``: ``*`` stands for anything, ``%…%`` encloses a regular expression."""
    if not quoted and len(value) > 2 and value.startswith("%") and value.endswith("%"):
        return compile_regex(value[1:-1])
    if "*" in value:
        return compile_glob(value, one=False).matches
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
