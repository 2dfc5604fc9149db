"""Parses PartiQL statements, once for each text.

Promises: what can be known from the text alone is checked here. A ``?`` becomes ``ValueRef("?0")``, ``"?1"``, … in
the order of the text. Knows nothing of tables and values given as parameters.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    Path,
    RemoveAction,
    SetAction,
    Template,
    ValueRef,
)
from onebox.services.dynamodb.limits import STATEMENT_CHARACTERS_MAX
from onebox.services.dynamodb.partiql.lexer import QUOTED, WORD, StatementTokens, malformed
from onebox.services.dynamodb.partiql.nodes import (
    DeleteStatement,
    Exists,
    Insert,
    Returning,
    Select,
    Statement,
    UpdateStatement,
)
from onebox.services.dynamodb.partiql.terms import TermParser
from onebox.services.dynamodb.token_stream import END

_CACHE_ENTRIES = 512


@lru_cache(maxsize=_CACHE_ENTRIES)
def parse_statement(text: str) -> Statement:
    """The statement in ``text``. Raises ValidationException."""
    if not 1 <= len(text) <= STATEMENT_CHARACTERS_MAX:
        sign, limit = ("greater", 1) if not text else ("less", STATEMENT_CHARACTERS_MAX)
        raise ValidationException(
            f"1 validation error detected: Value '{text}' at 'statement' failed to satisfy constraint: "
            f"Member must have length {sign} than or equal to {limit}"
        )
    parser = _StatementParser(StatementTokens(text))
    return parser.parse()


def find_statement(text: str) -> Statement | None:
    """The statement, or None for text that is none."""
    try:
        return parse_statement(text)
    except ValidationException:
        return None


def _find_parameter_names(item: Template) -> tuple[str, ...] | None:
    """The names of an item whose attributes are the parameters, one after the other; None for any other item."""
    if any(member != ValueRef(f"?{at}") for at, (_, member) in enumerate(item.members)):
        return None
    return tuple(str(name) for name, _ in item.members)


class _StatementParser:
    def __init__(self, stream: StatementTokens) -> None:
        self._stream = stream
        self._terms = TermParser(stream)

    def parse(self) -> Statement:
        statement = self._parse_any()
        self._stream.expect_end()
        return replace(statement, parameters=self._stream.parameters)

    def _parse_any(self) -> Statement:
        stream = self._stream
        if stream.take_keyword("INSERT"):
            return self._parse_insert()
        if stream.take_keyword("SELECT"):
            return self._parse_select()
        if stream.take_keyword("UPDATE"):
            return self._parse_update()
        if stream.take_keyword("DELETE"):
            return self._parse_delete()
        if stream.take_keyword("EXISTS"):
            stream.expect_symbol("(")
            stream.expect_keyword("SELECT")
            select = self._parse_select()
            stream.expect_symbol(")")
            return Exists(select)
        raise malformed("Expected data manipulation")

    def _parse_insert(self) -> Insert:
        stream = self._stream
        stream.expect_keyword("INTO")
        table_name, _ = self._parse_table(("VALUE",))
        if not stream.at_keyword("VALUE"):
            raise malformed(
                "Unexpected keyword" if stream.at_keyword("VALUES") else "Unexpected token after expression"
            )
        stream.take()
        if not stream.at_symbol("{"):
            raise malformed("Expected a tuple in VALUE")
        item = self._terms.parse_tuple()
        return Insert(table_name, item, _find_parameter_names(item))

    def _parse_select(self) -> Select:
        stream = self._stream
        paths: list[Path] | None = None
        if not stream.take_symbol("*"):
            paths = [self._terms.parse_path()]
            while stream.take_symbol(","):
                paths.append(self._terms.parse_path())
        stream.expect_keyword("FROM")
        if stream.current.kind == END:
            raise malformed("Unexpected term")
        table_name, index_name = self._parse_table(("WHERE", "ORDER"), index_allowed=True)
        where = self._terms.parse_condition() if stream.take_keyword("WHERE") else None
        order = self._parse_order() if stream.take_keyword("ORDER") else ()
        return Select(table_name, index_name, None if paths is None else tuple(paths), where, order)

    def _parse_order(self) -> tuple[tuple[str, bool], ...]:
        self._stream.expect_keyword("BY")
        order = [self._parse_order_term()]
        while self._stream.take_symbol(","):
            order.append(self._parse_order_term())
        return tuple(order)

    def _parse_order_term(self) -> tuple[str, bool]:
        name = str(self._terms.parse_path().parts[0])
        if self._stream.take_keyword("DESC"):
            return name, False
        self._stream.take_keyword("ASC")
        return name, True

    def _parse_update(self) -> UpdateStatement:
        stream = self._stream
        table_name, _ = self._parse_table(("SET", "REMOVE"))
        actions: list[Action] = []
        while True:
            if stream.take_keyword("SET"):
                actions.append(self._parse_set())
                while stream.take_symbol(","):
                    actions.append(self._parse_set())
            elif stream.take_keyword("REMOVE"):
                actions.append(RemoveAction(self._terms.parse_path()))
                while stream.take_symbol(","):
                    actions.append(RemoveAction(self._terms.parse_path()))
            else:
                break
        if not actions:
            raise malformed("Expected data manipulation")
        where = self._terms.parse_condition() if stream.take_keyword("WHERE") else None
        return UpdateStatement(table_name, tuple(actions), where, self._parse_returning())

    def _parse_set(self) -> SetAction:
        path = self._terms.parse_path()
        self._stream.expect_symbol("=")
        return SetAction(path, self._terms.parse_operand())

    def _parse_delete(self) -> DeleteStatement:
        stream = self._stream
        stream.expect_keyword("FROM")
        table_name, _ = self._parse_table(("WHERE", "RETURNING"))
        where = self._terms.parse_condition() if stream.take_keyword("WHERE") else None
        returning = self._parse_returning()
        if returning is not None and (returning.scope, returning.moment) != ("ALL", "OLD"):
            raise ValidationException(
                f"Invalid returning clause: {returning}. Only RETURNING ALL OLD * is allowed in DELETE statements."
            )
        return DeleteStatement(table_name, where, returning)

    def _parse_returning(self) -> Returning | None:
        stream = self._stream
        if not stream.take_keyword("RETURNING"):
            return None
        for scope in ("ALL", "MODIFIED"):
            if stream.take_keyword(scope):
                for moment in ("OLD", "NEW"):
                    if stream.take_keyword(moment):
                        stream.expect_symbol("*")
                        return Returning(scope, moment)
        raise malformed("Expected RETURNING clause")

    def _parse_table(self, next_words: tuple[str, ...], *, index_allowed: bool = False) -> tuple[str, str | None]:
        """A table, and perhaps an index behind a dot."""
        parts = [self._parse_table_part(next_words)]
        while self._stream.take_symbol("."):
            parts.append(self._parse_table_part(()))
        if any(not part for part in parts):
            raise ValidationException("Path component cannot be an empty string")
        if len(parts) > 2:
            raise ValidationException("A path may contain at most 2 components in the FROM clause")
        if len(parts) == 2 and not index_allowed:
            raise ValidationException("Only SELECT statements may name an index")
        token = self._stream.current
        if token.kind == QUOTED or (token.kind == WORD and token.text.upper() not in (*next_words, "RETURNING")):
            if next_words == ("VALUE",):
                if token.text.upper() != "VALUES":
                    raise malformed("Unexpected token after expression")
            elif token.text.upper() not in ("SET", "REMOVE", "WHERE", "ORDER"):
                raise ValidationException("Aliasing is not supported")
        return parts[0], parts[1] if len(parts) == 2 else None

    def _parse_table_part(self, next_words: tuple[str, ...]) -> str:
        token = self._stream.current
        plain = token.kind == WORD and token.text.upper() not in next_words
        if not plain and token.kind != QUOTED:
            raise malformed("Expected identifier for simple path")
        return self._stream.take().text
