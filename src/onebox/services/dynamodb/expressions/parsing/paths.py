"""Document paths: ``a.b[3]``, ``#name.c``."""

from __future__ import annotations

from enum import IntEnum

from onebox.services.dynamodb.expressions.lexer import (
    NAME,
    NAME_REF,
    NUMBER,
    ExpressionError,
    ExpressionTokens,
)
from onebox.services.dynamodb.expressions.nodes import Path, PathPart
from onebox.services.dynamodb.expressions.parsing.findings import Findings
from onebox.services.dynamodb.expressions.reserved import is_reserved
from onebox.services.dynamodb.limits import NESTING_MAX

_INDEX_DIGITS_MAX = 10


class PathParser:
    """Parses the paths of one expression; reserved words are noted as findings of the kind ``reserved``."""

    def __init__(
        self,
        stream: ExpressionTokens,
        findings: Findings,
        reserved: IntEnum,
        keywords: frozenset[str] = frozenset(),
    ) -> None:
        """``keywords``, in capitals, belong to the grammar around the paths: they can never be names."""
        self._stream = stream
        self._findings = findings
        self._reserved = reserved
        self._keywords = keywords

    def parse(self) -> Path:
        """The path at the current token."""
        return self.extend([self._parse_name()])

    def extend(self, parts: list[PathPart]) -> Path:
        """The path that begins with ``parts`` and goes on at the current token, if it does."""
        stream = self._stream
        while True:
            if stream.take_symbol("."):
                parts.append(self._parse_name())
            elif stream.take_symbol("["):
                parts.append(self._parse_index())
                stream.expect_symbol("]")
            else:
                break
        if len(parts) > NESTING_MAX:
            raise ExpressionError(f"The document path has too many nesting elements; nesting levels: {len(parts)}")
        return Path(tuple(parts))

    def _parse_index(self) -> int:
        if self._stream.current.kind != NUMBER:
            raise self._stream.unexpected()
        text = self._stream.take().text
        if len(text) > _INDEX_DIGITS_MAX:
            raise ExpressionError(f"List index is not within the allowable range; index: [{text}]")
        return int(text)

    def _parse_name(self) -> str:
        token = self._stream.current
        if token.kind == NAME and token.text.upper() not in self._keywords:
            if is_reserved(token.text):
                self._findings.note(
                    self._reserved, f"Attribute name is a reserved keyword; reserved keyword: {token.text}"
                )
        elif token.kind != NAME_REF:
            raise self._stream.unexpected()
        self._stream.take()
        return token.text
