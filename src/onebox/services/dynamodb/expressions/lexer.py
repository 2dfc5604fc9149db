"""Splits an expression into tokens.

Knows nothing of grammar. Raises :class:`ExpressionError`, whose text follows ``Invalid <which>Expression: ``.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from onebox.services.dynamodb.limits import EXPRESSION_BYTES_MAX

NAME, NAME_REF, VALUE_REF, NUMBER, SYMBOL, END = "name", "#", ":", "number", "symbol", "end"

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<name_ref>#[A-Za-z0-9_]+)"
    r"|(?P<value_ref>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)"
    r"|(?P<symbol><>|<=|>=|[=<>()\[\].,+-])"
    r"|(?P<end>\Z)"
    r"|(?P<other>.))",
    re.DOTALL,
)
_KINDS = {"name": NAME, "name_ref": NAME_REF, "value_ref": VALUE_REF, "number": NUMBER, "symbol": SYMBOL, "end": END}


class ExpressionError(Exception):
    """What is wrong with an expression, without the words that name the expression."""


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class TokenStream:
    """The tokens of one expression, read from front to back."""

    def __init__(self, text: str) -> None:
        if len(text.encode()) > EXPRESSION_BYTES_MAX:
            raise ExpressionError("Expression size has exceeded the maximum allowed size;")
        self._text = text
        self._tokens = self._split(text)
        self._at = 0
        if len(self._tokens) == 1:
            raise ExpressionError("The expression can not be empty;")

    def _split(self, text: str) -> list[Token]:
        tokens: list[Token] = []
        at = 0
        while not tokens or tokens[-1].kind != END:
            match = _TOKEN.match(text, at)
            assert match is not None, "the last alternative takes any character"
            assert match.lastgroup is not None, "every alternative is a group"
            group = match.lastgroup
            at = match.end()
            if group == "other":
                rest = _TOKEN.match(text, at)
                near = text[tokens[-1].start if tokens else match.start(group) : rest.end() if rest else at]
                raise ExpressionError(f'Syntax error; token: "{match[group]}", near: "{near}"')
            tokens.append(Token(_KINDS[group], match[group], match.start(group), at))
        return tokens

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

    def take_symbol(self, symbol: str) -> bool:
        """Move past ``symbol`` if it is next."""
        token = self._tokens[self._at]
        if token.kind == SYMBOL and token.text == symbol:
            self._at += 1
            return True
        return False

    def take_keyword(self, keyword: str) -> bool:
        """Move past a keyword, in any case, if it is next."""
        token = self._tokens[self._at]
        if token.kind == NAME and token.text.upper() == keyword:
            self._at += 1
            return True
        return False

    def expect_symbol(self, symbol: str) -> None:
        """Move past ``symbol`` or raise a syntax error."""
        if not self.take_symbol(symbol):
            raise self.syntax_error()

    def expect_end(self) -> None:
        """Raise a syntax error unless all tokens were read."""
        if self.current.kind != END:
            raise self.syntax_error()

    def syntax_error(self, at: int | None = None) -> ExpressionError:
        """A syntax error at the current token, in DynamoDB's words: the token, and its neighbours in the text."""
        at = self._at if at is None else at
        token = self._tokens[at]
        before = self._tokens[max(at - 1, 0)]
        after = self._tokens[min(at + 1, len(self._tokens) - 1)]
        shown = "<EOF>" if token.kind == END else token.text
        near = self._text[before.start : after.end].rstrip()
        return ExpressionError(f'Syntax error; token: "{shown}", near: "{near}"')
