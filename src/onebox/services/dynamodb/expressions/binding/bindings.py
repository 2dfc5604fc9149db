"""The names and values of one request, and the expressions that use them.

Promises: a bound expression holds only attribute names and checked values, its literal operands have kinds that
their operators accept, and :meth:`Bindings.check_all_used` finds what no expression of the request used.
Raises ValidationException in DynamoDB's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.binding.conditions import bind_condition
from onebox.services.dynamodb.expressions.binding.operands import Placeholders
from onebox.services.dynamodb.expressions.binding.overlaps import check_no_overlap
from onebox.services.dynamodb.expressions.binding.updates import bind_actions
from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import Action, Condition, Operand, Path
from onebox.services.dynamodb.expressions.parsing.conditions import parse_condition
from onebox.services.dynamodb.expressions.parsing.projections import parse_projection
from onebox.services.dynamodb.expressions.parsing.updates import parse_update
from onebox.services.dynamodb.values.attributes import AttributeValue, check_attribute_name, check_value

P = TypeVar("P")

_NAME_REF = re.compile(r"#[A-Za-z0-9_]+\Z")
_VALUE_REF = re.compile(r":[A-Za-z0-9_]+\Z")


class Bindings:
    """The names and values of one request, and which of them its expressions have used."""

    def __init__(self, names: dict[str, str] | None = None, values: dict[str, AttributeValue] | None = None) -> None:
        self._placeholders = Placeholders(names or {}, values or {})

    @classmethod
    def of_request(cls, request: dict[str, Any]) -> Bindings:
        """Check ExpressionAttributeNames and ExpressionAttributeValues of a request and take them: the names, then
        the placeholders of all values, then the values."""
        names = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        _check_placeholders("ExpressionAttributeNames", names, _NAME_REF)
        for name in (names or {}).values():
            check_attribute_name(name)
        _check_placeholders("ExpressionAttributeValues", values, _VALUE_REF)
        for name, value in (values or {}).items():
            try:
                check_value(value)
            except ValidationException as error:  # noqa: PERF203 - the first fault ends the request
                raise ValidationException(
                    f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}"
                ) from error
        return cls(names, values)

    def condition(self, text: str, kind: str = "ConditionExpression") -> Condition:
        """Parse and bind a condition. ``kind`` is the request member that holds it."""
        return _naming(kind, lambda: self.bind_condition(parse_condition(text)))

    def projection(self, text: str) -> tuple[Path, ...]:
        """Parse and bind a projection; its paths do not overlap."""

        def bind() -> tuple[Path, ...]:
            paths = tuple(map(self._placeholders.path, parse_projection(text)))
            check_no_overlap(paths)
            return paths

        return _naming("ProjectionExpression", bind)

    def update(self, text: str) -> tuple[Action, ...]:
        """Parse and bind an update; its paths do not overlap."""
        return _naming("UpdateExpression", lambda: self.bind_actions(parse_update(text)))

    def check_all_used(self) -> None:
        """Refuse names and values that no expression used."""
        for member, unused in (
            ("ExpressionAttributeNames", self._placeholders.unused_names),
            ("ExpressionAttributeValues", self._placeholders.unused_values),
        ):
            if unused:
                keys = ", ".join(sorted(unused))
                raise ValidationException(f"Value provided in {member} unused in expressions: keys: {{{keys}}}")

    def bind_condition(self, node: Condition) -> Condition:
        """The condition with names and literals. Raises ExpressionError."""
        return bind_condition(node, self._placeholders)

    def bind_actions(self, actions: tuple[Action, ...]) -> tuple[Action, ...]:
        """The actions with names and literals. Raises ExpressionError."""
        return bind_actions(actions, self._placeholders)

    def operand(self, node: Operand) -> Operand:
        """One operand with names and literals. Raises ExpressionError."""
        return self._placeholders.operand(node)


def _check_placeholders(member: str, given: dict[str, Any] | None, pattern: re.Pattern[str]) -> None:
    if given is None:
        return
    if not given:
        raise ValidationException(f"{member} must not be empty")
    for name in given:
        if not pattern.match(name):
            raise ValidationException(f'{member} contains invalid key: Syntax error; key: "{name}"')


def _naming(kind: str, step: Callable[[], P]) -> P:
    try:
        return step()
    except ExpressionError as error:
        raise ValidationException(f"Invalid {kind}: {error}") from error
