"""The grammar of metric math: text in, a tree of nodes out. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from onebox.services.cloudwatch.errors import ValidationError

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<name>[A-Za-z_]\w*)
    |'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"
    |(?P<operator>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]]))""",
    re.VERBOSE | re.DOTALL,
)
_LEVELS = (("||", "OR"), ("&&", "AND"), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
_DEPTH_MAX = 40
_CHARACTERS_MAX = 2048
_OPERATIONS_MAX = 300
"""The tree of a chain of operators is as deep as the chain is long."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Node


@dataclass(frozen=True, slots=True)
class Operation:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Array | Negation | Operation | Call


@lru_cache(maxsize=256)
def parse_expression(text: str) -> Node:
    """The tree of an expression. Raises ValidationError."""
    if len(text) > _CHARACTERS_MAX:
        raise ValidationError(f"The expression must not have more than {_CHARACTERS_MAX} characters.")
    parser = _Parser(text)
    node = parser.level(0)
    parser.end()
    return node


def names_in(node: Node) -> set[str]:
    """The ids that an expression refers to."""
    match node:
        case Name(name):
            return {name}
        case Array(items) | Call(_, items):
            return set().union(*(names_in(item) for item in items))
        case Negation(operand):
            return names_in(operand)
        case Operation(_, left, right):
            return names_in(left) | names_in(right)
    return set()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._place = 0
        self._depth = 0
        self._operations = 0

    def level(self, place: int) -> Node:
        """Operators of one level, left to right, over those that bind more tightly."""
        if place == len(_LEVELS):
            return self._unary()
        node = self.level(place + 1)
        while (operator := self._accept(*_LEVELS[place])) is not None:
            self._operations += 1
            if self._operations > _OPERATIONS_MAX:
                raise self._invalid()
            node = Operation(_SYNONYMS.get(operator, operator), node, self.level(place + 1))
        return node

    def end(self) -> None:
        if self._place != len(self._tokens):
            raise self._invalid()

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._invalid()
        if self._accept("-"):
            node: Node = Negation(self._unary())
        else:
            node = self._primary()
            if self._accept("^"):
                self._operations += 1
                if self._operations > _OPERATIONS_MAX:
                    raise self._invalid()
                node = Operation("^", node, self._unary())
        self._depth -= 1
        return node

    def _primary(self) -> Node:
        if self._accept("("):
            node = self.level(0)
            self._expect(")")
            return node
        if self._accept("["):
            return Array(self._list("]"))
        kind, value = self._next()
        if kind == "number":
            return Number(float(value))
        if kind == "text":
            return Text(value)
        if kind != "name":
            raise self._invalid()
        if self._accept("("):
            return Call(value.upper(), self._list(")"))
        return Name(value)

    def _list(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        if self._accept(end):
            return ()
        while True:
            items.append(self.level(0))
            if self._accept(end):
                return tuple(items)
            self._expect(",")

    def _next(self) -> tuple[str, str]:
        if self._place == len(self._tokens):
            raise self._invalid()
        self._place += 1
        return self._tokens[self._place - 1]

    def _accept(self, *operators: str) -> str | None:
        if self._place < len(self._tokens):
            kind, value = self._tokens[self._place]
            if value in operators and (kind == "operator" or (kind == "name" and value in _SYNONYMS)):
                self._place += 1
                return value
        return None

    def _expect(self, operator: str) -> None:
        if self._accept(operator) is None:
            raise self._invalid()

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            token = _TOKEN.match(text, place)
            if token is None or token.lastgroup is None:
                raise self._invalid()
            kind = "text" if token.lastgroup in ("single", "double") else token.lastgroup
            tokens.append((kind, token[token.lastgroup]))
            place = token.end()
        return tokens

    def _invalid(self) -> ValidationError:
        return ValidationError(f"Error in expression '{self._text}': Invalid syntax")


_SYNONYMS = {"OR": "||", "AND": "&&"}
