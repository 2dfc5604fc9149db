"""Wildcards and policy variables of policy elements.

A pattern is text with ``*`` and ``?`` and, in policies of version 2012-10-17, variables: ``${aws:username}``,
``${aws:PrincipalTag/team, 'default'}``, and ``${*}``, ``${?}``, ``${$}`` for those characters themselves. A
variable whose key the request lacks, and that has no default, makes the pattern match nothing. The value of a variable
stands for itself: a ``*`` in a user's name is no wildcard.
Knows nothing of statements and callers. A match costs time in proportion to the text, whatever the pattern is.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from onebox.text.globs import Glob, Token, compile_glob, compile_tokens, split_wildcards

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys of a request: lower-case name to values."""

# Without ``$`` and ``{`` inside, so that a text of many beginnings is read once.
_VARIABLE = re.compile(r"\$\{(\$|[^${}]*)\}")
_LITERALS = frozenset("*?$")
_ARN_PARTS = 6


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
        text, value = (self.text.lower(), value.lower()) if self.ignore_case else (self.text, value)
        if not self.has_variables:
            return compile_glob(text).matches(value)
        tokens = _resolved_tokens(text, keys)
        return tokens is not None and compile_tokens(tokens).matches(value)

    def matches_arn(self, value: str, keys: Keys) -> bool:
        """Whether each of the six parts of the ARN fits for itself: no wildcard crosses one of the first five colons,
        whether it stands in the text or in a default of a variable."""
        if self.text == "*":
            return True
        parts = _resolved_arn(self.text, keys) if self.has_variables else _split_arn(self.text)
        given = value.split(":", _ARN_PARTS - 1)
        if parts is None or len(parts) != len(given):
            return False
        return all(part.matches(text) for part, text in zip(parts, given, strict=True))

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


def _resolved_tokens(text: str, keys: Keys) -> list[Token] | None:
    """Literals and wildcards, the values of variables among the literals; None if a variable has no value."""
    tokens: list[Token] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        value = _variable_value(match[1], keys)
        if value is None:
            return None
        tokens += split_wildcards(text[position : match.start()])
        tokens.append(value)
        position = match.end()
    return tokens + split_wildcards(text[position:])


@lru_cache(maxsize=1024)
def _split_arn(text: str) -> list[Glob]:
    return _arn_parts(split_wildcards(text))


def _resolved_arn(text: str, keys: Keys) -> list[Glob] | None:
    tokens = _resolved_tokens(text, keys)
    return None if tokens is None else _arn_parts(tokens)


def _arn_parts(tokens: list[Token]) -> list[Glob]:
    """A pattern for each part of an ARN: the tokens, divided at the first five colons."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        first, *others = token.split(":", _ARN_PARTS - len(parts))
        parts[-1].append(first)
        parts += [[text] for text in others]
    return [compile_tokens(part) for part in parts]


def _variable_value(variable: str, keys: Keys) -> str | None:
    if variable in _LITERALS:
        return variable
    name, comma, default = variable.partition(",")
    values = keys.get(name.strip().lower())
    if values and len(values) == 1:
        return values[0]
    return default.strip().strip("'") if comma else None
