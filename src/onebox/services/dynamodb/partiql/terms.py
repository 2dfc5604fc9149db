"""Parses what PartiQL statements hold: conditions, operands, functions, sums. Knows nothing of statements.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-operators.html
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.nodes import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
    Template,
    ValueRef,
)
from onebox.services.dynamodb.limits import EXPRESSION_NESTING_MAX
from onebox.services.dynamodb.partiql.lexer import (
    QUOTED,
    WORD,
    StatementTokens,
    malformed,
)
from onebox.services.dynamodb.partiql.paths import PathParser
from onebox.services.dynamodb.partiql.values import Depth, ValueParser
from onebox.services.dynamodb.token_stream import END, SYMBOL

_COMPARATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CONDITION_FUNCTIONS = {"begins_with": 2, "contains": 2, "attribute_type": 2, "size": 1}
_SET_FUNCTIONS = {"list_append": 2, "set_add": 2, "set_delete": 2, "if_not_exists": 2}


class TermParser:
    """Recursive descent over the tokens of one statement."""

    def __init__(self, stream: StatementTokens) -> None:
        self._stream = stream
        self._depth = Depth()
        self._values = ValueParser(stream, self._depth)
        self._paths = PathParser(stream)

    def parse_condition(self) -> Condition:
        """OR, then AND, NOT and comparisons."""
        return _require_condition(self._parse_or())

    def parse_operand(self) -> Operand:
        """A value, a path, a function, or a sum."""
        return _require_operand(self._parse_sum())

    def parse_path(self) -> Path:
        """A document path."""
        return self._paths.parse()

    def parse_tuple(self) -> Template:
        """A map, with its members as they are written."""
        item = self._values.parse(as_template=True)
        assert isinstance(item, Template), "the caller saw an opening brace"
        return item

    def _parse_or(self) -> Condition | Operand:
        first = self._parse_and()
        if not self._stream.at_keyword("OR"):
            return first
        parts = [_require_condition(first)]
        while self._stream.take_keyword("OR"):
            self._require_right_side()
            parts.append(_require_condition(self._parse_and()))
        return Or(tuple(parts))

    def _parse_and(self) -> Condition | Operand:
        first = self._parse_not()
        if not self._stream.at_keyword("AND"):
            return first
        parts = [_require_condition(first)]
        while self._stream.take_keyword("AND"):
            self._require_right_side()
            parts.append(_require_condition(self._parse_not()))
        return And(tuple(parts))

    def _require_right_side(self) -> None:
        if self._stream.current.kind == END:
            raise malformed("Missing right-hand side expression of infix operator")

    def _parse_not(self) -> Condition | Operand:
        if not self._stream.take_keyword("NOT"):
            return self._parse_comparison()
        self._depth.enter()
        part = _require_condition(self._parse_not())
        self._depth.leave()
        return Not(part)

    def _parse_comparison(self) -> Condition | Operand:
        left = self._parse_sum()
        stream = self._stream
        token = stream.current
        if token.kind == SYMBOL and token.text in _COMPARATORS:
            stream.take()
            self._require_right_side()
            return Comparison(_COMPARATORS[token.text], _require_operand(left), self.parse_operand())
        negated = stream.at_keyword("NOT") and stream.following.text.upper() in ("IN", "BETWEEN")
        if negated:
            stream.take()
        condition = self._find_word_comparison(left)
        if condition is None:
            return left
        return Not(condition) if negated else condition

    def _find_word_comparison(self, left: Condition | Operand) -> Condition | None:
        stream = self._stream
        if stream.take_keyword("BETWEEN"):
            lower = self.parse_operand()
            stream.expect_keyword("AND")
            return Between(_require_operand(left), lower, self.parse_operand())
        if stream.take_keyword("IN"):
            return In(_require_operand(left), self._parse_choices())
        if stream.take_keyword("IS"):
            return self._parse_is(_require_operand(left))
        return None

    def _parse_choices(self) -> tuple[Operand, ...]:
        closing = "]" if self._stream.take_symbol("[") else ")"
        if closing == ")":
            self._stream.expect_symbol("(")
        choices = [self.parse_operand()]
        while self._stream.take_symbol(","):
            choices.append(self.parse_operand())
        self._stream.expect_symbol(closing)
        return tuple(choices)

    def _parse_is(self, operand: Operand) -> Condition:
        stream = self._stream
        negated = stream.take_keyword("NOT")
        condition: Condition
        if stream.take_keyword("MISSING"):
            condition = Function("attribute_not_exists", (operand,))
        elif stream.take_keyword("NULL"):
            condition = Function("attribute_type", (operand, Literal({"S": "NULL"})))
        else:
            raise malformed("Expected type name")
        return Not(condition) if negated else condition

    def _parse_sum(self) -> Condition | Operand:
        left = self._parse_primary()
        terms = 1
        while self._stream.at_symbol("+", "-"):
            terms += 1
            if terms > EXPRESSION_NESTING_MAX:
                raise malformed("Too many levels of nesting")
            operator = self._stream.take().text
            left = Arithmetic(operator, _require_operand(left), _require_operand(self._parse_primary()))
        return left

    def _parse_primary(self) -> Condition | Operand:
        stream = self._stream
        token = stream.current
        if stream.take_symbol("("):
            self._depth.enter()
            inner = self._parse_or()
            stream.expect_symbol(")")
            self._depth.leave()
            return inner
        if self._values.at_collection():
            return self._values.parse()
        value = self._values.find_scalar()
        if value is not None:
            return value
        if token.kind == WORD and stream.following.text == "(":
            return self._parse_function()
        if token.kind not in (WORD, QUOTED):
            raise malformed("Unexpected term")
        return self._paths.parse()

    def _parse_function(self) -> Function:
        written = self._stream.take().text
        name = written.lower()
        self._stream.expect_symbol("(")
        self._depth.enter()
        arguments = [self.parse_operand()]
        while self._stream.take_symbol(","):
            arguments.append(self.parse_operand())
        self._stream.expect_symbol(")")
        self._depth.leave()
        wanted = _CONDITION_FUNCTIONS.get(name, _SET_FUNCTIONS.get(name))
        if wanted is None:
            raise ValidationException(f"Unsupported function: {written}")
        if len(arguments) != wanted:
            raise ValidationException(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(arguments)}"
            )
        if name == "if_not_exists" and not isinstance(arguments[0], Path):
            raise ValidationException(
                "Operator or function requires a document path; operator or function: if_not_exists"
            )
        return Function(name, tuple(arguments))


def _require_condition(node: Condition | Operand) -> Condition:
    if isinstance(node, Function) and node.name not in _CONDITION_FUNCTIONS and not node.name.startswith("attribute_"):
        raise malformed("Unexpected term")
    if isinstance(node, Comparison | Between | In | And | Or | Not | Function):
        return node
    raise malformed("Unexpected term")


def _require_operand(node: Condition | Operand) -> Operand:
    if isinstance(node, Path | ValueRef | Literal | Function | Arithmetic | Template):
        return node
    raise malformed("Unexpected term")
