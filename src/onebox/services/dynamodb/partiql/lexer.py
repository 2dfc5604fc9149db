"""Splits a PartiQL statement into tokens. Raises ValidationException in DynamoDB's words.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

from __future__ import annotations

import re

from onebox.errors import ValidationException
from onebox.services.dynamodb.token_stream import END, Token, TokenStream

WORD, QUOTED, STRING, NUMBER, PARAMETER = "word", "quoted", "string", "number", "?"

# Blanks and comments one by one: a repeated group around both would be exponential on text that fits no token.
_GAP = re.compile(r"\s+|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(
    r"(?:"
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


def malformed(detail: str = "") -> ValidationException:
    """The statement cannot be parsed."""
    return ValidationException(f"Statement wasn't well formed, can't be processed: {detail}")


class StatementTokens(TokenStream):
    """The tokens of one statement."""

    word_kind = WORD

    def __init__(self, text: str) -> None:
        super().__init__(_split(text))
        self.parameters = 0
        """How many parameters were read so far."""

    def unexpected(self, expected: str = "") -> ValidationException:
        """The statement is refused for its current token."""
        return malformed(expected or ("Unexpected term" if self.current.kind == END else "Unexpected token"))

    def expect_end(self) -> None:
        """Refuse whatever follows a whole statement."""
        self.take_symbol(";")
        super().expect_end()


def _split(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind != END:
        gap = _GAP.match(text, at)
        if gap is not None:
            at = gap.end()
            continue
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
        tokens.append(Token(_KINDS.get(group, group), content, match.start(group), match.end()))
        at = match.end()
    return tokens
