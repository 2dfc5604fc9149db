"""Parses PartiQL paths: ``a.b[1]['c']``."""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.nodes import Path, PathPart
from onebox.services.dynamodb.limits import NESTING_MAX
from onebox.services.dynamodb.partiql.lexer import NUMBER, QUOTED, STRING, WORD, StatementTokens, malformed

_CLAUSE_WORDS = frozenset(
    ("AND", "BETWEEN", "BY", "DELETE", "FROM", "IN", "INSERT", "INTO", "IS", "LIKE", "OR", "ORDER", "REMOVE")
) | {"RETURNING", "SELECT", "SET", "UPDATE", "WHERE"}


class PathParser:
    """Parses the paths of one statement."""

    def __init__(self, stream: StatementTokens) -> None:
        self._stream = stream

    def parse(self) -> Path:
        """The path at the current token."""
        parts: list[PathPart] = [self._parse_identifier()]
        stream = self._stream
        while True:
            if stream.take_symbol("."):
                parts.append(self._parse_identifier())
            elif stream.take_symbol("["):
                token = stream.take()
                if token.kind == STRING:
                    parts.append(token.text)
                elif token.kind == NUMBER and token.text.isdigit():
                    parts.append(int(token.text))
                else:
                    raise malformed("Unexpected path component")
                stream.expect_symbol("]")
            else:
                break
        if len(parts) > NESTING_MAX:
            raise malformed("Path has too many components")
        return Path(tuple(parts))

    def _parse_identifier(self) -> str:
        token = self._stream.current
        if token.kind == QUOTED:
            if not token.text:
                raise ValidationException("Path component cannot be an empty string")
            return self._stream.take().text
        if token.kind != WORD:
            raise malformed("Unexpected term")
        if token.text.upper() in _CLAUSE_WORDS:
            raise malformed("Unexpected operator" if token.text.upper() in ("IS", "LIKE") else "Unexpected keyword")
        return self._stream.take().text
