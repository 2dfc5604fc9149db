"""Puts names and values in the place of an expression's placeholders.

Promises: a bound expression holds only attribute names and checked values, its literal operands have kinds that
their operators accept, and :meth:`Bindings.check_all_used` finds what no expression of the request used.
Knows nothing of items. Raises ValidationException in DynamoDB's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    AddAction,
    And,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    DeleteAction,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
    PathPart,
    RemoveAction,
    SetAction,
    Template,
    ValueRef,
)
from onebox.services.dynamodb.expressions.parser import (
    CONDITION_FUNCTIONS,
    not_distinct,
    parse_condition,
    parse_projection,
    parse_update,
)
from onebox.services.dynamodb.values.attributes import (
    KINDS,
    ORDERED_KINDS,
    AttributeValue,
    check_value,
    kind_of,
    order_key,
)

P = TypeVar("P")

_NAME_REF = re.compile(r"#[A-Za-z0-9_]+\Z")
_VALUE_REF = re.compile(r":[A-Za-z0-9_]+\Z")
_UNSIZED_KINDS = frozenset(("N", "BOOL", "NULL"))
_LONG_KIND_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
}


class Bindings:
    """The names and values of one request, and which of them its expressions have used."""

    def __init__(self, names: dict[str, str] | None = None, values: dict[str, AttributeValue] | None = None) -> None:
        self.names = names or {}
        self.values = values or {}
        self._unused_names = set(self.names)
        self._unused_values = set(self.values)

    @classmethod
    def of_request(cls, request: dict[str, Any], *, has_expression: bool) -> Bindings:
        """Check ExpressionAttributeNames and ExpressionAttributeValues of a request and take them."""
        names = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        for member, given in (("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)):
            if given is None:
                continue
            if not has_expression:
                raise ValidationException(f"{member} can only be specified when using expressions")
            if not given:
                raise ValidationException(f"{member} must not be empty")
        for name in names or ():
            if not _NAME_REF.match(name):
                raise ValidationException(f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{name}"')
        for name, value in (values or {}).items():
            if not _VALUE_REF.match(name):
                raise ValidationException(
                    f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{name}"'
                )
            try:
                check_value(value)
            except ValidationException as error:
                raise ValidationException(
                    f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}"
                ) from error
        return cls(names, values)

    def condition(self, text: str, kind: str = "ConditionExpression") -> Condition:
        """Parse and bind a condition. ``kind`` is the request member that holds it."""
        parsed = _naming(kind, lambda: parse_condition(text))
        return _naming(kind, lambda: self.bind_condition(parsed))

    def projection(self, text: str) -> tuple[Path, ...]:
        """Parse and bind a projection; its paths do not overlap."""
        parsed = _naming("ProjectionExpression", lambda: parse_projection(text))

        def bind() -> tuple[Path, ...]:
            paths = tuple(self._path(path) for path in parsed)
            check_no_overlap(paths)
            return paths

        return _naming("ProjectionExpression", bind)

    def update(self, text: str) -> tuple[Action, ...]:
        """Parse and bind an update; its paths do not overlap."""
        parsed = _naming("UpdateExpression", lambda: parse_update(text))
        return _naming("UpdateExpression", lambda: self.bind_actions(parsed))

    def check_all_used(self) -> None:
        """Refuse names and values that no expression used."""
        for member, unused in (
            ("ExpressionAttributeNames", self._unused_names),
            ("ExpressionAttributeValues", self._unused_values),
        ):
            if unused:
                keys = ", ".join(sorted(unused))
                raise ValidationException(f"Value provided in {member} unused in expressions: keys: {{{keys}}}")

    def bind_condition(self, node: Condition) -> Condition:
        """The condition with names and literals. Raises ExpressionError."""
        if isinstance(node, Comparison):
            return self._comparison(node)
        if isinstance(node, And):
            return And(tuple(self.bind_condition(part) for part in node.parts))
        if isinstance(node, Or):
            return Or(tuple(self.bind_condition(part) for part in node.parts))
        if isinstance(node, Not):
            return Not(self.bind_condition(node.part))
        if isinstance(node, Between):
            lower, upper = self.operand(node.lower), self.operand(node.upper)
            operand = self.operand(node.operand)
            _check_bounds(lower, upper)
            return Between(operand, lower, upper)
        if isinstance(node, In):
            return In(self.operand(node.operand), tuple(self.operand(choice) for choice in node.choices))
        return self._function(node)

    def bind_actions(self, actions: tuple[Action, ...]) -> tuple[Action, ...]:
        """The actions with names and literals. Raises ExpressionError."""
        bound = tuple(self._action(action) for action in actions)
        check_no_overlap(tuple(action.path for action in bound))
        return bound

    def operand(self, node: Operand) -> Operand:
        """One operand with names and literals. Raises ExpressionError."""
        if isinstance(node, Path):
            return self._path(node)
        if isinstance(node, ValueRef):
            return Literal(self._value(node.name))
        if isinstance(node, Function):
            return self._function(node)
        if isinstance(node, Arithmetic):
            return self._arithmetic(node)
        if isinstance(node, Template):
            return Literal(self._fill(node))
        return node

    def _comparison(self, node: Comparison) -> Comparison:
        left, right = self.operand(node.left), self.operand(node.right)
        if isinstance(left, Path) and left == right:
            raise not_distinct(node.operator, left)
        if node.operator not in ("=", "<>"):
            for operand in (left, right):
                if isinstance(operand, Literal) and kind_of(operand.value) not in ORDERED_KINDS:
                    raise ExpressionError(
                        "Incorrect operand type for operator or function; "
                        f"operator: {node.operator}, operand type: {kind_of(operand.value)}"
                    )
        return Comparison(node.operator, left, right)

    def _function(self, node: Function) -> Function:
        arguments = tuple(self.operand(argument) for argument in node.arguments)
        tests = node.name in CONDITION_FUNCTIONS and len(arguments) == 2
        if tests and isinstance(arguments[0], Path) and arguments[0] == arguments[1]:
            raise not_distinct(node.name, arguments[0])
        check = _FUNCTION_CHECKS.get(node.name)
        if check is not None:
            check(node.name, arguments)
        return Function(node.name, arguments)

    def _arithmetic(self, node: Arithmetic) -> Arithmetic:
        left, right = self.operand(node.left), self.operand(node.right)
        for operand in (left, right):
            if isinstance(operand, Literal) and "N" not in operand.value:
                raise _wrong_operand(node.operator, kind_of(operand.value))
        return Arithmetic(node.operator, left, right)

    def _action(self, action: Action) -> Action:
        path = self._path(action.path)
        if isinstance(action, SetAction):
            return SetAction(path, self.operand(action.value))
        if isinstance(action, RemoveAction):
            return RemoveAction(path)
        value = self.operand(action.value)
        if isinstance(value, Literal):
            kind = kind_of(value.value)
            adds = isinstance(action, AddAction)
            if kind in _LONG_KIND_NAMES and not (adds and kind == "N"):
                raise ExpressionError(
                    "Incorrect operand type for operator or function; "
                    f"operator: {'ADD' if adds else 'DELETE'}, operand type: {_LONG_KIND_NAMES[kind]}"
                )
        return AddAction(path, value) if isinstance(action, AddAction) else DeleteAction(path, value)

    def _path(self, path: Path) -> Path:
        if not self.names:
            for part in path.parts:
                if isinstance(part, str) and part.startswith("#"):
                    raise _undefined_name(part)
            return path
        return Path(tuple(self._part(part) for part in path.parts))

    def _part(self, part: PathPart) -> PathPart:
        if isinstance(part, int) or not part.startswith("#"):
            return part
        name = self.names.get(part)
        if name is None:
            raise _undefined_name(part)
        self._unused_names.discard(part)
        return name

    def _value(self, name: str) -> AttributeValue:
        value = self.values.get(name)
        if value is None:
            raise ExpressionError(
                f"An expression attribute value used in expression is not defined; attribute value: {name}"
            )
        self._unused_values.discard(name)
        return value

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


def _naming(kind: str, step: Callable[[], P]) -> P:
    try:
        return step()
    except ExpressionError as error:
        raise ValidationException(f"Invalid {kind}: {error}") from error


def check_no_overlap(paths: tuple[Path, ...]) -> None:
    """Refuse paths of which one is, or contains, or contradicts another. Raises ExpressionError."""
    if len(paths) == 1:
        return
    by_head: dict[PathPart, list[Path]] = {}
    for path in paths:
        neighbours = by_head.setdefault(path.parts[0], [])
        for earlier in neighbours:
            _check_pair(earlier, path)
        neighbours.append(path)


def _check_pair(one: Path, two: Path) -> None:
    for left, right in zip(one.parts, two.parts, strict=False):
        if type(left) is not type(right):
            raise ExpressionError(_pair_text("conflict", one, two))
        if left != right:
            return
    raise ExpressionError(_pair_text("overlap", one, two))


def _pair_text(problem: str, one: Path, two: Path) -> str:
    return (
        f"Two document paths {problem} with each other; must remove or rewrite one of these paths; "
        f"path one: {one}, path two: {two}"
    )


def _undefined_name(name: str) -> ExpressionError:
    return ExpressionError(
        f"An expression attribute name used in the document path is not defined; attribute name: {name}"
    )


def _wrong_operand(name: str, kind: str) -> ExpressionError:
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
    )


def _check_bounds(lower: Operand, upper: Operand) -> None:
    if not (isinstance(lower, Literal) and isinstance(upper, Literal)):
        return
    one, two = order_key(lower.value), order_key(upper.value)
    shown = f"lower bound operand: AttributeValue: {_show(lower)}, upper bound operand: AttributeValue: {_show(upper)}"
    if one is None or two is None:
        kind = kind_of(lower.value if one is None else upper.value)
        raise _wrong_operand("BETWEEN", kind)
    if one[0] != two[0]:
        raise ExpressionError(f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}")
    if one > two:
        raise ExpressionError(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " + shown
        )


def _show(literal: Literal) -> str:
    ((kind, content),) = literal.value.items()
    return f"{{{kind}:{content}}}"


def _check_begins_with(name: str, arguments: tuple[Operand, ...]) -> None:
    for argument in arguments:
        if isinstance(argument, Literal) and kind_of(argument.value) not in ("S", "B"):
            raise _wrong_operand(name, kind_of(argument.value))
        if isinstance(argument, Function):
            raise _wrong_operand(name, "N")


def _check_attribute_type(name: str, arguments: tuple[Operand, ...]) -> None:
    wanted = arguments[1]
    if not isinstance(wanted, Literal) or "S" not in wanted.value:
        kind = kind_of(wanted.value) if isinstance(wanted, Literal) else "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
        raise _wrong_operand(name, kind)
    if wanted.value["S"] not in KINDS:
        raise ExpressionError(
            f"Invalid attribute type name found; type: {wanted.value['S']}, "
            "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
        )


def _check_size(name: str, arguments: tuple[Operand, ...]) -> None:
    argument = arguments[0]
    if isinstance(argument, Literal) and kind_of(argument.value) in _UNSIZED_KINDS:
        raise _wrong_operand(name, kind_of(argument.value))
    if isinstance(argument, Function):
        raise _wrong_operand(name, "N")


def _check_list_append(name: str, arguments: tuple[Operand, ...]) -> None:
    for argument in arguments:
        if isinstance(argument, Literal) and "L" not in argument.value:
            raise _wrong_operand(name, kind_of(argument.value))


_FUNCTION_CHECKS: dict[str, Callable[[str, tuple[Operand, ...]], None]] = {
    "begins_with": _check_begins_with,
    "attribute_type": _check_attribute_type,
    "size": _check_size,
    "list_append": _check_list_append,
}
