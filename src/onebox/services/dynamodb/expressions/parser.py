"""Parses condition, projection and update expressions into nodes.

Promises: what can be known from the text alone is checked here (grammar, function names and their number of
operands, reserved words, redundant parentheses), and a text is parsed once: results are shared through a cache.
Knows nothing of names, values and items.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from onebox.services.dynamodb.expressions.lexer import (
    NAME,
    NAME_REF,
    NUMBER,
    SYMBOL,
    VALUE_REF,
    ExpressionError,
    TokenStream,
)
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
    Not,
    Operand,
    Or,
    Path,
    PathPart,
    RemoveAction,
    SetAction,
    ValueRef,
)
from onebox.services.dynamodb.expressions.reserved import is_reserved
from onebox.services.dynamodb.limits import (
    EXPRESSION_NESTING_MAX,
    EXPRESSION_OPERATORS_MAX,
    IN_OPERANDS_MAX,
    NESTING_MAX,
)

CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_TOO_MANY_OPERATORS = f"The expression contains too many operators; maximum operator count: {EXPRESSION_OPERATORS_MAX};"
_CACHE_ENTRIES = 2048


@lru_cache(maxsize=_CACHE_ENTRIES)
def parse_condition(text: str) -> Condition:
    """The condition, filter or key condition in ``text``. Raises ExpressionError."""
    return _ConditionParser(TokenStream(text)).parse()


@lru_cache(maxsize=_CACHE_ENTRIES)
def parse_projection(text: str) -> tuple[Path, ...]:
    """The paths of a projection. Raises ExpressionError."""
    stream = TokenStream(text)
    paths = [parse_path(stream)]
    while stream.take_symbol(","):
        paths.append(parse_path(stream))
    stream.expect_end()
    return tuple(paths)


@lru_cache(maxsize=_CACHE_ENTRIES)
def parse_update(text: str) -> tuple[Action, ...]:
    """The actions of an update, in the order they were written. Raises ExpressionError."""
    return _UpdateParser(TokenStream(text)).parse()


def parse_path(stream: TokenStream) -> Path:
    """A document path at the current token."""
    parts: list[PathPart] = [_parse_name(stream)]
    while True:
        if stream.take_symbol("."):
            parts.append(_parse_name(stream))
        elif stream.current.kind == SYMBOL and stream.current.text == "[":
            stream.take()
            if stream.current.kind != NUMBER:
                raise stream.syntax_error()
            parts.append(_parse_index(stream.take().text))
            stream.expect_symbol("]")
        else:
            break
    if len(parts) > NESTING_MAX:
        raise ExpressionError(f"The document path has too many nesting elements; nesting levels: {len(parts)}")
    return Path(tuple(parts))


def _parse_index(text: str) -> int:
    if len(text) > 10:
        raise ExpressionError(f"List index is not within the allowable range; index: [{text}]")
    return int(text)


def _parse_name(stream: TokenStream) -> str:
    token = stream.current
    if token.kind == NAME:
        if is_reserved(token.text):
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
    elif token.kind != NAME_REF:
        raise stream.syntax_error()
    stream.take()
    return token.text


class _ConditionParser:
    """Recursive descent: OR, AND, NOT, then comparisons. ``_parenthesised`` notes that the node just read stood
    in parentheses of its own, which a further pair would make redundant."""

    def __init__(self, stream: TokenStream) -> None:
        self._stream = stream
        self._depth = 0
        self._operators = 0
        self._parenthesised = False

    def parse(self) -> Condition:
        condition = self._require_condition(self._parse_or())
        self._stream.expect_end()
        return condition

    def _parse_or(self) -> Condition | Operand:
        first = self._parse_and()
        if not self._at_keyword("OR"):
            return first
        parts = [self._require_condition(first)]
        while self._stream.take_keyword("OR"):
            self._count_operator()
            parts.append(self._require_condition(self._parse_and()))
        self._parenthesised = False
        return Or(tuple(parts))

    def _parse_and(self) -> Condition | Operand:
        first = self._parse_not()
        if not self._at_keyword("AND"):
            return first
        parts = [self._require_condition(first)]
        while self._stream.take_keyword("AND"):
            self._count_operator()
            parts.append(self._require_condition(self._parse_not()))
        self._parenthesised = False
        return And(tuple(parts))

    def _parse_not(self) -> Condition | Operand:
        if self._at_keyword("NOT"):
            return self._parse_negation()
        return self._parse_comparison()

    def _parse_negation(self) -> Not:
        self._stream.take()
        self._count_operator()
        self._enter()
        part = self._require_condition(self._parse_not())
        self._depth -= 1
        self._parenthesised = False
        return Not(part)

    def _parse_comparison(self) -> Condition | Operand:
        left = self._parse_primary()
        stream = self._stream
        token = stream.current
        if token.kind == SYMBOL and token.text in _COMPARATORS:
            stream.take()
            return self._comparison(token.text, self._require_operand(left), self._parse_operand())
        if stream.take_keyword("BETWEEN"):
            self._count_operator()
            operand = self._require_operand(left)
            lower = self._parse_operand()
            if not stream.take_keyword("AND"):
                raise stream.syntax_error()
            upper = self._parse_operand()
            self._parenthesised = False
            return Between(operand, lower, upper)
        if stream.take_keyword("IN"):
            return self._parse_in(self._require_operand(left))
        return left

    def _comparison(self, operator: str, left: Operand, right: Operand) -> Comparison:
        self._count_operator()
        _check_distinct(operator, (left, right))
        self._parenthesised = False
        return Comparison(operator, left, right)

    def _parse_in(self, operand: Operand) -> In:
        self._count_operator()
        self._stream.expect_symbol("(")
        choices = [self._parse_operand()]
        while self._stream.take_symbol(","):
            choices.append(self._parse_operand())
        self._stream.expect_symbol(")")
        if len(choices) > IN_OPERANDS_MAX:
            raise ExpressionError(
                "Incorrect number of operands for operator or function; "
                f"operator or function: IN, number of operands: {len(choices)}"
            )
        self._parenthesised = False
        return In(operand, tuple(choices))

    def _parse_operand(self) -> Operand:
        return self._require_operand(self._parse_primary())

    def _parse_primary(self) -> Condition | Operand:
        stream = self._stream
        token = stream.current
        if stream.take_symbol("("):
            self._enter()
            inner = self._parse_or()
            stream.expect_symbol(")")
            self._depth -= 1
            if self._parenthesised:
                raise ExpressionError("The expression has redundant parentheses;")
            self._parenthesised = True
            return inner
        self._parenthesised = False
        if token.kind == VALUE_REF:
            stream.take()
            return ValueRef(token.text)
        if token.kind == NAME and stream.following.text == "(" and not _is_operator_word(token.text):
            return self._parse_function()
        if token.kind == NAME and _is_operator_word(token.text):
            raise stream.syntax_error()
        return parse_path(stream)

    def _parse_function(self) -> Function:
        name = self._stream.take().text
        self._enter()
        arguments = _parse_arguments(self._stream, self._parse_operand)
        self._depth -= 1
        if name not in CONDITION_FUNCTIONS:
            raise ExpressionError(f"Invalid function name; function: {name}")
        _check_operand_count(name, CONDITION_FUNCTIONS[name], arguments)
        if name in ("attribute_exists", "attribute_not_exists") and not isinstance(arguments[0], Path):
            raise ExpressionError(f"Operator or function requires a document path; operator or function: {name}")
        _check_distinct(name, arguments)
        self._parenthesised = False
        return Function(name, arguments)

    def _require_condition(self, node: Condition | Operand) -> Condition:
        if isinstance(node, Function) and node.name == "size":
            raise _misused(node)
        if isinstance(node, Comparison | Between | In | And | Or | Not | Function):
            return node
        raise self._stream.syntax_error()

    def _require_operand(self, node: Condition | Operand) -> Operand:
        if isinstance(node, Function) and node.name != "size":
            raise _misused(node)
        if isinstance(node, Path | ValueRef | Function):
            return node
        raise self._stream.syntax_error()

    def _at_keyword(self, keyword: str) -> bool:
        token = self._stream.current
        return token.kind == NAME and token.text.upper() == keyword

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > EXPRESSION_NESTING_MAX:
            raise ExpressionError(_TOO_MANY_OPERATORS)

    def _count_operator(self) -> None:
        self._operators += 1
        if self._operators > EXPRESSION_OPERATORS_MAX:
            raise ExpressionError(_TOO_MANY_OPERATORS)


class _UpdateParser:
    """SET, REMOVE, ADD and DELETE clauses, each at most once, in any order."""

    def __init__(self, stream: TokenStream) -> None:
        self._stream = stream
        self._operators = 0
        self._depth = 0

    def parse(self) -> tuple[Action, ...]:
        actions: list[Action] = []
        seen: set[str] = set()
        clauses: dict[str, Callable[[], Action]] = {
            "SET": self._parse_set,
            "REMOVE": self._parse_remove,
            "ADD": self._parse_add,
            "DELETE": self._parse_delete,
        }
        while True:
            clause = self._stream.current.text.upper()
            if self._stream.current.kind != NAME or clause not in clauses:
                break
            self._stream.take()
            if clause in seen:
                raise ExpressionError(f'The "{clause}" section can only be used once in an update expression;')
            seen.add(clause)
            actions.append(clauses[clause]())
            while self._stream.take_symbol(","):
                actions.append(clauses[clause]())
        if not actions or not self._at_end():
            raise self._stream.syntax_error()
        return tuple(actions)

    def _at_end(self) -> bool:
        return self._stream.current.kind == "end"

    def _parse_set(self) -> SetAction:
        path = parse_path(self._stream)
        self._stream.expect_symbol("=")
        return SetAction(path, self._parse_value())

    def _parse_remove(self) -> RemoveAction:
        return RemoveAction(parse_path(self._stream))

    def _parse_add(self) -> AddAction:
        return AddAction(parse_path(self._stream), self._parse_value_ref())

    def _parse_delete(self) -> DeleteAction:
        return DeleteAction(parse_path(self._stream), self._parse_value_ref())

    def _parse_value_ref(self) -> ValueRef:
        if self._stream.current.kind != VALUE_REF:
            raise self._stream.syntax_error()
        return ValueRef(self._stream.take().text)

    def _parse_value(self) -> Operand:
        if self._stream.take_symbol("("):
            value = self._parse_sum()
            self._stream.expect_symbol(")")
            if self._stream.current.text not in ("+", "-"):
                return value
            return self._parse_rest_of_sum(value)
        return self._parse_sum()

    def _parse_sum(self) -> Operand:
        return self._parse_rest_of_sum(self._parse_operand())

    def _parse_rest_of_sum(self, left: Operand) -> Operand:
        token = self._stream.current
        if token.kind != SYMBOL or token.text not in ("+", "-"):
            return left
        self._stream.take()
        return Arithmetic(token.text, left, self._parse_operand())

    def _parse_operand(self) -> Operand:
        stream = self._stream
        self._operators += 1
        if self._operators > EXPRESSION_OPERATORS_MAX or self._depth > EXPRESSION_NESTING_MAX:
            raise ExpressionError(_TOO_MANY_OPERATORS)
        self._depth += 1
        operand = self._parse_nested_operand(stream)
        self._depth -= 1
        return operand

    def _parse_nested_operand(self, stream: TokenStream) -> Operand:
        if stream.take_symbol("("):
            operand = self._parse_operand()
            stream.expect_symbol(")")
            return operand
        token = stream.current
        if token.kind == VALUE_REF:
            stream.take()
            return ValueRef(token.text)
        if token.kind == NAME and stream.following.text == "(":
            stream.take()
            arguments = _parse_arguments(stream, self._parse_operand)
            if token.text not in UPDATE_FUNCTIONS:
                raise ExpressionError(f"Invalid function name; function: {token.text}")
            _check_operand_count(token.text, UPDATE_FUNCTIONS[token.text], arguments)
            if token.text == "if_not_exists" and not isinstance(arguments[0], Path):
                raise ExpressionError(
                    f"Operator or function requires a document path; operator or function: {token.text}"
                )
            return Function(token.text, arguments)
        return parse_path(stream)


def _parse_arguments(stream: TokenStream, parse_operand: Callable[[], Operand]) -> tuple[Operand, ...]:
    stream.expect_symbol("(")
    arguments = [parse_operand()]
    while stream.take_symbol(","):
        arguments.append(parse_operand())
    stream.expect_symbol(")")
    return tuple(arguments)


def _check_operand_count(name: str, wanted: int, arguments: tuple[Operand, ...]) -> None:
    if len(arguments) != wanted:
        raise ExpressionError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {name}, number of operands: {len(arguments)}"
        )


def _check_distinct(name: str, operands: tuple[Operand, ...]) -> None:
    """Placeholders may name the same attribute; that is found when they are bound."""
    first = operands[0]
    if isinstance(first, Path) and first in operands[1:] and not any(str(p).startswith("#") for p in first.parts):
        raise not_distinct(name, first)


def not_distinct(name: str, path: Path) -> ExpressionError:
    """Both operands are the same path."""
    return ExpressionError(
        "The first operand must be distinct from the remaining operands for this operator or function; "
        f"operator: {name}, first operand: {path}"
    )


def _misused(function: Function) -> ExpressionError:
    return ExpressionError(
        f"The function is not allowed to be used this way in an expression; function: {function.name}"
    )


def _is_operator_word(text: str) -> bool:
    return text.upper() in ("AND", "OR", "NOT", "BETWEEN", "IN")
