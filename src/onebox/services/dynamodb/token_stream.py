"""Reading tokens from front to back: what the grammars of expressions and of PartiQL share.

Knows no grammar and no lexer. A subclass says how it words what it did not expect.
"""

from __future__ import annotations

from typing import NamedTuple

SYMBOL, END = "symbol", "end"


class Token(NamedTuple):
    """One token. ``kind`` is SYMBOL, END, or one of the lexer's own kinds; ``start`` and ``end`` are places in the
    text."""

    kind: str
    text: str
    start: int
    end: int


class TokenStream:
    """The tokens of one text; the last one is END and is never passed."""

    word_kind = "word"
    """The kind of token that a keyword is."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def unexpected(self, expected: str = "") -> Exception:
        """The error for the current token. ``expected`` may say what the grammar wanted in its place."""
        raise NotImplementedError

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

    def at_symbol(self, *symbols: str) -> bool:
        token = self._tokens[self._at]
        return token.kind == SYMBOL and token.text in symbols

    def take_symbol(self, symbol: str) -> bool:
        """Move past ``symbol`` if it is next."""
        if self.at_symbol(symbol):
            self._at += 1
            return True
        return False

    def expect_symbol(self, symbol: str) -> None:
        """Move past ``symbol`` or raise :meth:`unexpected`."""
        if not self.take_symbol(symbol):
            raise self.unexpected()

    def at_keyword(self, *keywords: str) -> bool:
        """Whether one of the keywords, given in capitals, is next, in any case."""
        token = self._tokens[self._at]
        return token.kind == self.word_kind and token.text.upper() in keywords

    def take_keyword(self, keyword: str) -> bool:
        """Move past a keyword if it is next."""
        if self.at_keyword(keyword):
            self._at += 1
            return True
        return False

    def expect_keyword(self, keyword: str) -> None:
        """Move past a keyword or raise :meth:`unexpected`."""
        if not self.take_keyword(keyword):
            raise self.unexpected(f"Expected {keyword}")

    def expect_end(self) -> None:
        """Raise :meth:`unexpected` unless all tokens were read."""
        if self.current.kind != END:
            raise self.unexpected("Unexpected token after expression")
