"""Splits an expression into tokens.

Knows nothing of grammar. Raises :class:`ExpressionError`, whose text follows ``Invalid <which>Expression: ``.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

import re

from onebox.services.dynamodb.limits import EXPRESSION_BYTES_MAX
from onebox.services.dynamodb.token_stream import END, SYMBOL, Token, TokenStream

NAME, NAME_REF, VALUE_REF, NUMBER = "name", "#", ":", "number"

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r"(?P<name>[A-Za-z][A-Za-z0-9_]*)"
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


class ExpressionTokens(TokenStream):
    """The tokens of one expression."""

    word_kind = NAME

    def __init__(self, text: str) -> None:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > EXPRESSION_BYTES_MAX:
            raise ExpressionError(f"Expression size has exceeded the maximum allowed size; expression size: {size}")
        super().__init__(_split(text))
        self._text = text
        if len(self._tokens) == 1:
            raise ExpressionError("The expression can not be empty;")

    def unexpected(self, expected: str = "") -> ExpressionError:
        """A syntax error in DynamoDB's words: the current token, and its neighbours in the text."""
        token = self.current
        before = self._tokens[max(self._at - 1, 0)]
        shown = "<EOF>" if token.kind == END else token.text
        near = self._text[before.start : self.following.end].rstrip()
        return ExpressionError(f'Syntax error; token: "{shown}", near: "{near}"')


def _split(text: str) -> list[Token]:
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
