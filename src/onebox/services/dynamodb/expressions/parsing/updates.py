"""Update expressions: SET, REMOVE, ADD and DELETE clauses, each at most once, in any order.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from onebox.services.dynamodb.expressions.lexer import NAME, VALUE_REF, ExpressionTokens
from onebox.services.dynamodb.expressions.nodes import (
    Action,
    AddAction,
    Arithmetic,
    DeleteAction,
    Function,
    Operand,
    RemoveAction,
    SetAction,
    ValueRef,
)
from onebox.services.dynamodb.expressions.parsing.findings import Findings, UpdateFault
from onebox.services.dynamodb.expressions.parsing.operands import (
    CONDITION_FUNCTIONS,
    UPDATE_FUNCTIONS,
    Bounds,
    parse_arguments,
)
from onebox.services.dynamodb.expressions.parsing.paths import PathParser
from onebox.services.dynamodb.limits import EXPRESSION_CACHE_ENTRIES

_KEYWORDS = frozenset(("SET", "REMOVE", "ADD", "DELETE"))


@lru_cache(maxsize=EXPRESSION_CACHE_ENTRIES)
def parse_update(text: str) -> tuple[Action, ...]:
    """The actions of an update, in the order they were written. Raises ExpressionError."""
    return _UpdateParser(ExpressionTokens(text)).parse()


class _UpdateParser:
    def __init__(self, stream: ExpressionTokens) -> None:
        self._stream = stream
        self._findings = Findings()
        self._bounds = Bounds()
        self._paths = PathParser(stream, self._findings, UpdateFault.RESERVED_WORD, _KEYWORDS)
        self._function_depth = 0

    def parse(self) -> tuple[Action, ...]:
        stream = self._stream
        actions: list[Action] = []
        seen: set[str] = set()
        clauses: dict[str, Callable[[], Action]] = {
            "SET": self._parse_set,
            "REMOVE": self._parse_remove,
            "ADD": self._parse_add,
            "DELETE": self._parse_delete,
        }
        while stream.at_keyword(*clauses):
            clause = stream.take().text.upper()
            if clause in seen:
                self._findings.note(
                    UpdateFault.REPEATED_SECTION,
                    f'The "{clause}" section can only be used once in an update expression;',
                )
            seen.add(clause)
            actions.append(clauses[clause]())
            while stream.take_symbol(","):
                actions.append(clauses[clause]())
        if not actions:
            raise stream.unexpected()
        stream.expect_end()
        self._findings.raise_first()
        return tuple(actions)

    def _parse_set(self) -> SetAction:
        path = self._paths.parse()
        self._stream.expect_symbol("=")
        return SetAction(path, self._parse_value())

    def _parse_remove(self) -> RemoveAction:
        return RemoveAction(self._paths.parse())

    def _parse_add(self) -> AddAction:
        return AddAction(self._paths.parse(), self._parse_value_ref())

    def _parse_delete(self) -> DeleteAction:
        return DeleteAction(self._paths.parse(), self._parse_value_ref())

    def _parse_value_ref(self) -> ValueRef:
        if self._stream.current.kind != VALUE_REF:
            raise self._stream.unexpected()
        return ValueRef(self._stream.take().text)

    def _parse_value(self) -> Operand:
        """An operand, or the sum or difference of two; either may stand in parentheses."""
        if self._stream.take_symbol("("):
            value = self._parse_rest_of_sum(self._parse_operand())
            self._stream.expect_symbol(")")
            return self._parse_rest_of_sum(value)
        return self._parse_rest_of_sum(self._parse_operand())

    def _parse_rest_of_sum(self, left: Operand) -> Operand:
        if not self._stream.at_symbol("+", "-"):
            return left
        self._bounds.count_operator()
        return Arithmetic(self._stream.take().text, left, self._parse_operand())

    def _parse_operand(self) -> Operand:
        self._bounds.enter()
        operand = self._parse_nested_operand()
        self._bounds.leave()
        return operand

    def _parse_nested_operand(self) -> Operand:
        stream = self._stream
        if stream.take_symbol("("):
            operand = self._parse_operand()
            stream.expect_symbol(")")
            return operand
        token = stream.current
        if token.kind == VALUE_REF:
            stream.take()
            return ValueRef(token.text)
        if token.kind == NAME and stream.following.text == "(":
            return self._parse_function()
        return self._paths.parse()

    def _parse_function(self) -> Function:
        name = self._stream.take().text
        self._bounds.count_operator()
        self._note_faults(name)
        self._function_depth += 1
        arguments = parse_arguments(self._stream, self._parse_operand)
        self._function_depth -= 1
        return Function(name, arguments)

    def _note_faults(self, name: str) -> None:
        if name in CONDITION_FUNCTIONS:
            self._findings.note(
                UpdateFault.FUNCTION_NAME, f"The function is not allowed in an update expression; function: {name}"
            )
        elif name not in UPDATE_FUNCTIONS:
            self._findings.note(UpdateFault.FUNCTION_NAME, f"Invalid function name; function: {name}")
        elif name == "list_append" and self._function_depth:
            self._findings.note(
                UpdateFault.FUNCTION_USE,
                f"The function is not allowed to be used this way in an expression; function: {name}",
            )
