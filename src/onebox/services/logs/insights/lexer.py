"""Tokens of Logs Insights queries. Pure, linear in the query.

A slash begins a regular expression after ``like`` and ``=~`` and anywhere in a ``parse`` command; elsewhere it divides.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<span>\d+[A-Za-z]+)
      | (?P<name>[@A-Za-z_$][\w.@:]*)
      | `(?P<quoted>[^`\n]+)`
      | (?P<operator>=~|!=|<=|>=|[-|,()\[\]=<>+*/^%])""",
    re.VERBOSE,
)
_STRING = {'"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL), "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)}
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)*)/")
_TOKENS_MAX = 2_000


class QueryError(Exception):
    """The query is not one; ``place`` is the character at which that shows."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class Token(NamedTuple):
    """``kind`` is name, quoted, string, regex, number, span, operator or end."""

    kind: str
    text: str
    place: int
    end: int


def split(text: str) -> list[Token]:
    """The tokens of a query, with one of kind ``end`` at the end. Raises QueryError."""
    tokens: list[Token] = []
    place, command = 0, ""
    while place < len(text):
        token = _next(text, place, _takes_regex(tokens, command))
        place = token.end
        if token.kind == "space":
            continue
        if not tokens or (tokens[-1].text == "|" and tokens[-1].kind == "operator"):
            command = token.text.lower()
        tokens.append(token)
        if len(tokens) > _TOKENS_MAX:
            raise QueryError("The query is too long.", token.place)
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _takes_regex(tokens: list[Token], command: str) -> bool:
    if not tokens:
        return False
    last = tokens[-1]
    return command == "parse" or (last.kind == "name" and last.text.lower() == "like") or last.text == "=~"


def _next(text: str, place: int, takes_regex: bool) -> Token:
    pattern = _STRING.get(text[place]) or (_REGEX if takes_regex and text[place] == "/" else None)
    if pattern is not None:
        found = pattern.match(text, place)
        if found is None:
            raise QueryError("A quotation or regular expression does not end.", place)
        if text[place] == "/":
            return Token("regex", found[1], place, found.end())
        return Token("string", re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL), place, found.end())
    found = _TOKEN.match(text, place)
    if found is None or found.lastgroup is None:
        raise QueryError(f"Unexpected character {text[place]!r}.", place)
    return Token(found.lastgroup, found[found.lastgroup], place, found.end())
