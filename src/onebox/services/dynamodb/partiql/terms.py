"""Parses what stands inside PartiQL statements: conditions, paths, values, arithmetic.

Promises: literals become checked values, so that a statement without parameters is whole. Knows nothing of
statements. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-operators.html
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
    PathPart,
    Template,
    ValueRef,
)
from onebox.services.dynamodb.limits import EXPRESSION_NESTING_MAX, NESTING_MAX
from onebox.services.dynamodb.partiql.lexer import (
    END,
    NUMBER,
    PARAMETER,
    QUOTED,
    STRING,
    SYMBOL,
    WORD,
    TokenStream,
    malformed,
)
from onebox.services.dynamodb.values.attributes import check_value
from onebox.services.dynamodb.values.numbers import canonical_number

_COMPARATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CONDITION_FUNCTIONS = {"begins_with": 2, "contains": 2, "attribute_type": 2, "size": 1}
_SET_FUNCTIONS = {"list_append": 2, "set_add": 2, "set_delete": 2, "if_not_exists": 2}
_CLAUSE_WORDS = frozenset(
    ("AND", "BETWEEN", "BY", "DELETE", "FROM", "IN", "INSERT", "INTO", "IS", "LIKE", "OR", "ORDER", "REMOVE")
) | {"RETURNING", "SELECT", "SET", "UPDATE", "WHERE"}


class TermParser:
    """Recursive descent over the tokens of one statement."""

    def __init__(self, stream: TokenStream) -> None:
        self._stream = stream
        self._depth = 0

    def parse_condition(self) -> Condition:
        """OR, then AND, NOT and comparisons."""
        return _require_condition(self._parse_or())

    def parse_operand(self) -> Operand:
        """A value, a path, a function, or a sum."""
        return _require_operand(self._parse_sum())

    def parse_path(self) -> Path:
        """``a.b[1]['c']``."""
        parts: list[PathPart] = [self._parse_identifier()]
        stream = self._stream
        while True:
            if stream.take_symbol("."):
                parts.append(self._parse_identifier())
            elif stream.take_symbol("["):
                token = stream.take()
                if token.kind == STRING:
                    parts.append(token.text)
                elif token.kind == NUMBER and token.text.isdigit():
                    parts.append(int(token.text))
                else:
                    raise malformed("Unexpected path component")
                stream.expect_symbol("]")
            else:
                break
        if len(parts) > NESTING_MAX:
            raise malformed("Path has too many components")
        return Path(tuple(parts))

    def parse_value_term(self, *, as_template: bool = False) -> Operand:
        """A literal or a parameter; lists, maps and sets hold such again."""
        token = self._stream.current
        if token.kind == SYMBOL and token.text in ("{", "[", "<<"):
            self._enter()
            template = self._parse_collection()
            self._depth -= 1
            return template if as_template else _simplify(template)
        value = self._find_scalar()
        if value is None:
            raise malformed("Unexpected term")
        return value

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
        self._enter()
        part = _require_condition(self._parse_not())
        self._depth -= 1
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
        while self._stream.current in ((SYMBOL, "+"), (SYMBOL, "-")):
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
            self._enter()
            inner = self._parse_or()
            stream.expect_symbol(")")
            self._depth -= 1
            return inner
        if token.kind == SYMBOL and token.text in ("{", "[", "<<"):
            return self.parse_value_term()
        value = self._find_scalar()
        if value is not None:
            return value
        if token.kind == WORD and stream.following == (SYMBOL, "("):
            return self._parse_function()
        if token.kind not in (WORD, QUOTED):
            raise malformed("Unexpected term")
        return self.parse_path()

    def _parse_function(self) -> Function:
        written = self._stream.take().text
        name = written.lower()
        self._stream.expect_symbol("(")
        self._enter()
        arguments = [self.parse_operand()]
        while self._stream.take_symbol(","):
            arguments.append(self.parse_operand())
        self._stream.expect_symbol(")")
        self._depth -= 1
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

    def _parse_identifier(self) -> str:
        token = self._stream.current
        if token.kind == QUOTED:
            if not token.text:
                raise ValidationException("Path component cannot be an empty string")
            return self._stream.take().text
        if token.kind != WORD:
            raise malformed("Unexpected term")
        if token.text.upper() in _CLAUSE_WORDS:
            raise malformed("Unexpected operator" if token.text.upper() in ("IS", "LIKE") else "Unexpected keyword")
        return self._stream.take().text

    def _find_scalar(self) -> Operand | None:
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
        if token == (SYMBOL, "-") and stream.following.kind == NUMBER:
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
            members.append((key, self.parse_value_term()))
        stream.take()
        return Template(kind or _set_kind(members), tuple(members))

    def _parse_member_name(self) -> str:
        token = self._stream.take()
        if token.kind not in (STRING, QUOTED, WORD):
            raise malformed("Unexpected term")
        self._stream.expect_symbol(":")
        return token.text

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > EXPRESSION_NESTING_MAX:
            raise malformed("Too many levels of nesting")


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
