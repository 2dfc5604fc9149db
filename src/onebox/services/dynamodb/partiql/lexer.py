"""Splits a PartiQL statement into tokens. Raises ValidationException in DynamoDB's words.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from onebox.errors import ValidationException

WORD, QUOTED, STRING, NUMBER, PARAMETER, SYMBOL, END = "word", "quoted", "string", "number", "?", "symbol", "end"

_TOKEN = re.compile(
    r"(?:\s+|--[^\n]*|/\*.*?\*/)*(?:"
    r"(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)"
    r'|"(?P<quoted>(?:[^"]|"")*)"'
    r"|'(?P<string>(?:[^']|'')*)'"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<parameter>\?)"
    r"|(?P<symbol><<|>>|<>|!=|<=|>=|[=<>()\[\]{}.,:;*+-])"
    r"|(?P<end>\Z))",
    re.DOTALL,
)
_KINDS = {"word": WORD, "quoted": QUOTED, "string": STRING, "number": NUMBER, "parameter": PARAMETER}


class Token(NamedTuple):
    kind: str
    text: str


def malformed(detail: str = "") -> ValidationException:
    """The statement cannot be parsed."""
    return ValidationException(f"Statement wasn't well formed, can't be processed: {detail}")


class TokenStream:
    """The tokens of one statement, read from front to back."""

    def __init__(self, text: str) -> None:
        self._tokens = _split(text)
        self._at = 0
        self.parameters = 0
        """How many parameters were read so far."""

    @property
    def current(self) -> Token:
        return self._tokens[self._at]

    @property
    def following(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The current token, moving past it."""
        token = self._tokens[self._at]
        if token.kind != END:
            self._at += 1
        return token

    def at_symbol(self, symbol: str) -> bool:
        return self._tokens[self._at] == (SYMBOL, symbol)

    def take_symbol(self, symbol: str) -> bool:
        """Move past ``symbol`` if it is next."""
        if self._tokens[self._at] == (SYMBOL, symbol):
            self._at += 1
            return True
        return False

    def expect_symbol(self, symbol: str) -> None:
        """Move past ``symbol`` or refuse the statement."""
        if not self.take_symbol(symbol):
            raise malformed("Unexpected term" if self.current.kind == END else "Unexpected token")

    def at_keyword(self, *keywords: str) -> bool:
        token = self._tokens[self._at]
        return token.kind == WORD and token.text.upper() in keywords

    def take_keyword(self, keyword: str) -> bool:
        """Move past a keyword, in any case, if it is next."""
        if self.at_keyword(keyword):
            self._at += 1
            return True
        return False

    def expect_keyword(self, keyword: str) -> None:
        """Move past a keyword or refuse the statement."""
        if not self.take_keyword(keyword):
            raise malformed(f"Expected {keyword}")

    def expect_end(self) -> None:
        """Refuse whatever follows a whole statement."""
        self.take_symbol(";")
        if self.current.kind != END:
            raise malformed("Unexpected token after expression")


def _split(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind != END:
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed()
        group = match.lastgroup
        assert group is not None, "every alternative is a group"
        content = match[group]
        if group == "quoted":
            content = content.replace('""', '"')
        elif group == "string":
            content = content.replace("''", "'")
        tokens.append(Token(_KINDS.get(group, group), content))
        at = match.end()
    return tokens
