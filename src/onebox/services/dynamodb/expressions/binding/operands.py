"""Puts names and values in the place of an operand's placeholders."""

from __future__ import annotations

from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import (
    Arithmetic,
    Function,
    Literal,
    Operand,
    Path,
    PathPart,
    Template,
    ValueRef,
)
from onebox.services.dynamodb.values.attributes import AttributeValue, check_value, kind_of


class UndefinedPlaceholder(ExpressionError):
    """A name or value that the request does not give."""


class Placeholders:
    """The names and values of one request, and which of them were used."""

    def __init__(self, names: dict[str, str], values: dict[str, AttributeValue]) -> None:
        self._names = names
        self._values = values
        self.unused_names = set(names)
        self.unused_values = set(values)

    def path(self, path: Path) -> Path:
        """The path with names. Raises UndefinedPlaceholder."""
        for part in path.parts:
            if isinstance(part, str) and part.startswith("#"):
                return Path(tuple(map(self._part, path.parts)))
        return path

    def value(self, name: str) -> AttributeValue:
        """The value of a placeholder. Raises UndefinedPlaceholder."""
        value = self._values.get(name)
        if value is None:
            raise UndefinedPlaceholder(
                f"An expression attribute value used in expression is not defined; attribute value: {name}"
            )
        self.unused_values.discard(name)
        return value

    def operand(self, node: Operand) -> Operand:
        """The operand with names and literals. Raises UndefinedPlaceholder."""
        if isinstance(node, Path):
            return self.path(node)
        if isinstance(node, ValueRef):
            return Literal(self.value(node.name))
        if isinstance(node, Function):
            return Function(node.name, tuple(map(self.operand, node.arguments)))
        if isinstance(node, Arithmetic):
            return Arithmetic(node.operator, self.operand(node.left), self.operand(node.right))
        if isinstance(node, Template):
            return Literal(self._fill(node))
        return node

    def _part(self, part: PathPart) -> PathPart:
        if isinstance(part, int) or not part.startswith("#"):
            return part
        name = self._names.get(part)
        if name is None:
            raise UndefinedPlaceholder(
                f"An expression attribute name used in the document path is not defined; attribute name: {part}"
            )
        self.unused_names.discard(part)
        return name

    def _fill(self, template: Template) -> AttributeValue:
        """The value of a PartiQL literal with parameters inside."""
        members: list[tuple[PathPart, AttributeValue]] = []
        for key, member in template.members:
            bound = self.operand(member)
            assert isinstance(bound, Literal), "the parser takes only values here"
            members.append((key, bound.value))
        if template.kind == "M":
            return {"M": dict(members)}
        if template.kind == "L":
            return {"L": [value for _, value in members]}
        kind = f"{kind_of(members[0][1])}S" if template.kind == "SET" and members else template.kind
        filled = {kind: [next(iter(value.values())) for _, value in members]}
        check_value(filled)
        return filled
