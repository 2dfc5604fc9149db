"""Parses PartiQL values: literals and parameters, and lists, maps and sets of them.

Promises: literals become checked values, so that a statement without parameters is whole.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.data-types.html
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.nodes import Literal, Operand, PathPart, Template, ValueRef
from onebox.services.dynamodb.limits import EXPRESSION_NESTING_MAX
from onebox.services.dynamodb.partiql.lexer import NUMBER, PARAMETER, QUOTED, STRING, WORD, StatementTokens, malformed
from onebox.services.dynamodb.values.attributes import check_value
from onebox.services.dynamodb.values.numbers import canonical_number


class Depth:
    """How deep the parsers of one statement are nested. Bounded, because they call themselves."""

    def __init__(self) -> None:
        self._depth = 0

    def enter(self) -> None:
        """Go one level down. Raises ValidationException at the limit."""
        self._depth += 1
        if self._depth > EXPRESSION_NESTING_MAX:
            raise malformed("Too many levels of nesting")

    def leave(self) -> None:
        self._depth -= 1


class ValueParser:
    """Parses the values of one statement."""

    def __init__(self, stream: StatementTokens, depth: Depth) -> None:
        self._stream = stream
        self._depth = depth

    def at_collection(self) -> bool:
        """Whether a list, a map or a set begins here."""
        return self._stream.at_symbol("{", "[", "<<")

    def parse(self, *, as_template: bool = False) -> Operand:
        """A literal or a parameter; lists, maps and sets hold such again."""
        if self.at_collection():
            self._depth.enter()
            template = self._parse_collection()
            self._depth.leave()
            return template if as_template else _simplify(template)
        value = self.find_scalar()
        if value is None:
            raise malformed("Unexpected term")
        return value

    def find_scalar(self) -> Operand | None:
        """A literal or a parameter, moving past it; None if there is something else."""
        stream = self._stream
        token = stream.current
        if token.kind == PARAMETER:
            stream.take()
            stream.parameters += 1
            return ValueRef(f"?{stream.parameters - 1}")
        if token.kind == STRING:
            stream.take()
            return Literal({"S": token.text})
        if token.kind == NUMBER:
            stream.take()
            return Literal({"N": _number(token.text)})
        if stream.at_symbol("-") and stream.following.kind == NUMBER:
            stream.take()
            return Literal({"N": _number("-" + stream.take().text)})
        if stream.take_keyword("TRUE"):
            return Literal({"BOOL": True})
        if stream.take_keyword("FALSE"):
            return Literal({"BOOL": False})
        if stream.take_keyword("NULL"):
            return Literal({"NULL": True})
        return None

    def _parse_collection(self) -> Template:
        stream = self._stream
        opening = stream.take().text
        closing, kind = {"{": ("}", "M"), "[": ("]", "L"), "<<": (">>", "")}[opening]
        members: list[tuple[PathPart, Operand]] = []
        while not stream.at_symbol(closing):
            if members:
                stream.expect_symbol(",")
            key: PathPart = len(members)
            if kind == "M":
                key = self._parse_member_name()
            members.append((key, self.parse()))
        stream.take()
        return Template(kind or _set_kind(members), tuple(members))

    def _parse_member_name(self) -> str:
        token = self._stream.take()
        if token.kind not in (STRING, QUOTED, WORD):
            raise malformed("Unexpected term")
        self._stream.expect_symbol(":")
        return token.text


def _number(text: str) -> str:
    try:
        return canonical_number(text)
    except ValidationException as error:
        raise ValidationException(f"{error.message} under root") from error


def _set_kind(members: list[tuple[PathPart, Operand]]) -> str:
    """SS or NS by the first literal; a set of parameters only is decided when they are known."""
    for _, member in members:
        if isinstance(member, Literal) and next(iter(member.value)) in ("S", "N", "B"):
            return f"{next(iter(member.value))}S"
    return "SET"


def _simplify(template: Template) -> Operand:
    """A collection without parameters is a literal."""
    values = []
    for key, member in template.members:
        if not isinstance(member, Literal):
            return template
        values.append((key, member.value))
    value: dict[str, object]
    if template.kind == "M":
        value = {"M": dict(values)}
    elif template.kind == "L":
        value = {"L": [member for _, member in values]}
    else:
        value = {template.kind: [next(iter(member.values())) for _, member in values]}
    check_value(value)
    return Literal(value)
