"""Condition, filter and key condition expressions.

Promises: what can be known from the text alone is checked here: grammar, redundant parentheses, names and places of
functions, reserved words, in DynamoDB's order.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from functools import lru_cache

from onebox.services.dynamodb.expressions.lexer import NAME, VALUE_REF, ExpressionTokens
from onebox.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Not,
    Operand,
    Or,
    Path,
    ValueRef,
)
from onebox.services.dynamodb.expressions.parsing.findings import Fault, Findings
from onebox.services.dynamodb.expressions.parsing.operands import (
    CONDITION_FUNCTIONS,
    UPDATE_FUNCTIONS,
    Bounds,
    parse_arguments,
)
from onebox.services.dynamodb.expressions.parsing.paths import PathParser
from onebox.services.dynamodb.limits import EXPRESSION_CACHE_ENTRIES

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_OPERATOR_WORDS = ("AND", "OR", "NOT", "BETWEEN", "IN")


@lru_cache(maxsize=EXPRESSION_CACHE_ENTRIES)
def parse_condition(text: str) -> Condition:
    """The condition, filter or key condition in ``text``. Raises ExpressionError."""
    return _ConditionParser(ExpressionTokens(text)).parse()


class _ConditionParser:
    """Recursive descent. ``_parenthesised`` notes that the node just read stood
    in parentheses of its own, which a further pair would make redundant."""

    def __init__(self, stream: ExpressionTokens) -> None:
        self._stream = stream
        self._findings = Findings()
        self._bounds = Bounds()
        self._paths = PathParser(stream, self._findings, Fault.RESERVED_WORD, frozenset(_OPERATOR_WORDS))
        self._parenthesised = False

    def parse(self) -> Condition:
        condition = self._require_condition(self._parse_expression())
        self._stream.expect_end()
        self._findings.raise_first()
        return condition

    def _parse_expression(self) -> Condition | Operand:
        """Terms with AND, and those with OR between. One call for each pair of parentheses, however many operators:
        parentheses may be 150 deep."""
        first = self._parse_term()
        if not self._stream.at_keyword("AND", "OR"):
            return first
        alternatives: list[Condition] = []
        parts = [self._require_condition(first)]
        while self._stream.at_keyword("AND", "OR"):
            self._bounds.count_operator()
            if self._stream.take().text.upper() == "OR":
                alternatives.append(_join(parts))
                parts = []
            parts.append(self._require_condition(self._parse_term()))
        alternatives.append(_join(parts))
        self._parenthesised = False
        return alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives))

    def _parse_term(self) -> Condition | Operand:
        """A comparison, perhaps with NOTs in front."""
        if not self._stream.at_keyword("NOT"):
            return self._parse_comparison()
        negations = 0
        while self._stream.take_keyword("NOT"):
            self._bounds.count_operator()
            negations += 1
        node = self._require_condition(self._parse_comparison())
        for _ in range(negations):
            node = Not(node)
        self._parenthesised = False
        return node

    def _parse_comparison(self) -> Condition | Operand:
        left = self._parse_primary()
        stream = self._stream
        if stream.at_symbol(*_COMPARATORS):
            self._bounds.count_operator()
            condition: Condition = Comparison(stream.take().text, self._require_operand(left), self._parse_operand())
        elif stream.take_keyword("BETWEEN"):
            condition = self._parse_between(self._require_operand(left))
        elif stream.take_keyword("IN"):
            self._bounds.count_operator()
            condition = In(self._require_operand(left), parse_arguments(stream, self._parse_operand))
        else:
            return left
        self._parenthesised = False
        return condition

    def _parse_between(self, operand: Operand) -> Between:
        self._bounds.count_operator()
        lower = self._parse_operand()
        if not self._stream.take_keyword("AND"):
            raise self._stream.unexpected()
        return Between(operand, lower, self._parse_operand())

    def _parse_operand(self) -> Operand:
        return self._require_operand(self._parse_primary())

    def _parse_primary(self) -> Condition | Operand:
        stream = self._stream
        token = stream.current
        if stream.take_symbol("("):
            inner = self._parse_parenthesised()
            if isinstance(inner, Path) and stream.at_symbol(".", "["):
                self._parenthesised = False
                return self._paths.extend(list(inner.parts))
            return inner
        self._parenthesised = False
        if token.kind == VALUE_REF:
            stream.take()
            return ValueRef(token.text)
        if stream.at_keyword(*_OPERATOR_WORDS):
            raise stream.unexpected()
        if token.kind == NAME and stream.following.text == "(":
            return self._parse_function()
        return self._paths.parse()

    def _parse_parenthesised(self) -> Condition | Operand:
        self._bounds.enter()
        inner = self._parse_expression()
        self._stream.expect_symbol(")")
        self._bounds.leave()
        if self._parenthesised:
            self._findings.note(Fault.PARENTHESES, "The expression has redundant parentheses;")
        self._parenthesised = True
        return inner

    def _parse_function(self) -> Function:
        name = self._stream.take().text
        self._bounds.count_operator()
        self._bounds.enter()
        arguments = parse_arguments(self._stream, self._parse_operand)
        self._bounds.leave()
        if name in UPDATE_FUNCTIONS:
            self._findings.note(
                Fault.FUNCTION_NAME, f"The function is not allowed in a condition expression; function: {name}"
            )
        elif name not in CONDITION_FUNCTIONS:
            self._findings.note(Fault.FUNCTION_NAME, f"Invalid function name; function: {name}")
        self._parenthesised = False
        return Function(name, arguments)

    def _require_condition(self, node: Condition | Operand) -> Condition:
        if isinstance(node, Function) and node.name == "size":
            self._note_misuse(node)
        if isinstance(node, Comparison | Between | In | And | Or | Not | Function):
            return node
        raise self._stream.unexpected()

    def _require_operand(self, node: Condition | Operand) -> Operand:
        if isinstance(node, Function) and node.name != "size":
            self._note_misuse(node)
        if isinstance(node, Path | ValueRef | Function):
            return node
        raise self._stream.unexpected()

    def _note_misuse(self, function: Function) -> None:
        self._findings.note(
            Fault.FUNCTION_USE,
            f"The function is not allowed to be used this way in an expression; function: {function.name}",
        )


def _join(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else And(tuple(parts))
