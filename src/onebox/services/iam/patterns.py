"""Wildcards and policy variables of policy elements.

A pattern is text with ``*`` and ``?`` and, in policies of version 2012-10-17, variables: ``${aws:username}``,
``${aws:PrincipalTag/team, 'default'}``, and ``${*}``, ``${?}``, ``${$}`` for those characters themselves. A
variable whose key the request lacks, and that has no default, makes the pattern match nothing.
Knows nothing of statements and callers.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys of a request: lower-case name to values."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = frozenset("*?$")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text to compare with; ``matches`` treats wildcards, ``equals`` does not."""

    text: str
    has_variables: bool
    ignore_case: bool = False

    def matches(self, value: str, keys: Keys) -> bool:
        """Whether the whole of ``value`` fits: ``*`` is any run of characters, ``?`` any one."""
        if self.text == "*":
            return True
        regex = _resolved_regex(self, keys) if self.has_variables else _regex(self.text, self.ignore_case)
        return regex is not None and regex.fullmatch(value) is not None

    def equals(self, value: str, keys: Keys) -> bool:
        """Whether ``value`` is this very text."""
        text = resolve(self.text, keys) if self.has_variables else self.text
        if text is None:
            return False
        return text.lower() == value.lower() if self.ignore_case else text == value


def compile_pattern(text: str, *, variables: bool, ignore_case: bool = False) -> Pattern:
    """A pattern; ``variables`` says whether the policy's version knows variables."""
    return Pattern(text, variables and "${" in text, ignore_case)


def resolve(text: str, keys: Keys) -> str | None:
    """The text with its variables replaced; None if one of them has no value."""
    pieces = []
    position = 0
    for match in _VARIABLE.finditer(text):
        value = _variable_value(match[1], keys)
        if value is None:
            return None
        pieces += [text[position : match.start()], value]
        position = match.end()
    return "".join([*pieces, text[position:]])


def glob_regex(text: str) -> str:
    """The regular expression of a text with wildcards."""
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")


@lru_cache(maxsize=4096)
def _regex(text: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(glob_regex(text), _flags(ignore_case))


def _resolved_regex(pattern: Pattern, keys: Keys) -> re.Pattern[str] | None:
    """Values of variables stand for themselves: a ``*`` in a user's name is no wildcard."""
    pieces = []
    position = 0
    for match in _VARIABLE.finditer(pattern.text):
        value = _variable_value(match[1], keys)
        if value is None:
            return None
        pieces += [glob_regex(pattern.text[position : match.start()]), re.escape(value)]
        position = match.end()
    pieces.append(glob_regex(pattern.text[position:]))
    return re.compile("".join(pieces), _flags(pattern.ignore_case))


def _flags(ignore_case: bool) -> re.RegexFlag:
    return re.DOTALL | re.IGNORECASE if ignore_case else re.DOTALL


def _variable_value(variable: str, keys: Keys) -> str | None:
    if variable in _LITERALS:
        return variable
    name, comma, default = variable.partition(",")
    values = keys.get(name.strip().lower())
    if values and len(values) == 1:
        return values[0]
    return default.strip().strip("'") if comma else None
