"""From the text of a query to its commands. Pure."""

from __future__ import annotations

from collections.abc import Callable

from onebox.services.logs.insights.lexer import QueryError, Token, split
from onebox.services.logs.insights.nodes import (
    Binary,
    Call,
    Chain,
    Column,
    Command,
    Dedup,
    Expression,
    Field,
    Fields,
    Filter,
    In,
    Like,
    Limit,
    Literal,
    Negation,
    Parse,
    Regex,
    Sort,
    Span,
    Stats,
)
from onebox.services.logs.insights.values import UNITS_MS

LIMIT_MAX = 10_000
_DEPTH_MAX = 40
_OPERATIONS_MAX = 200
_UNIT_NAMES = {
    "millisecond": "ms", "msec": "ms", "second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "hr": "h",
    "day": "d", "week": "w", "month": "mo", "mon": "mo", "quarter": "q", "qtr": "q", "year": "y", "yr": "y",
}  # fmt: skip
_COMPARISONS = ("=", "!=", "<=", ">=", "<", ">")


def parse_query(text: str) -> tuple[Command, ...]:
    """The commands of a query. Raises QueryError."""
    return _Parser(text).query()


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = split(text)
        self._place = 0
        self._depth = 0
        self._operations = 0

    def query(self) -> tuple[Command, ...]:
        commands: list[Command] = []
        while self._accept("|"):
            pass
        while self._peek().kind != "end":
            commands.append(self._command())
            if self._peek().kind != "end":
                self._expect("|")
        return tuple(commands)

    # -- commands

    def _command(self) -> Command:
        token = self._next()
        commands: dict[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._columns(), replaces=False),
            "display": lambda: Fields(self._columns(), replaces=True),
            "filter": lambda: Filter(self._condition()),
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            "head": self._limit,
            "parse": self._parse,
            "dedup": lambda: Dedup(tuple(column.expression for column in self._columns())),
        }
        make = commands.get(token.text.lower() if token.kind == "name" else "")
        if make is None:
            raise QueryError(f"Unknown or unsupported command {token.text!r}.", token.place)
        return make()

    def _columns(self) -> tuple[Column, ...]:
        columns = [self._column()]
        while self._accept(","):
            columns.append(self._column())
        return tuple(columns)

    def _column(self) -> Column:
        start = self._peek()
        expression = self._condition()
        end = self._tokens[self._place - 1].end
        if self._accept_word("as"):
            return Column(expression, self._name())
        text = expression.name if isinstance(expression, Field) else self._text[start.place : end].strip()
        return Column(expression, text)

    def _stats(self) -> Stats:
        aggregates = self._columns()
        return Stats(aggregates, self._columns() if self._accept_word("by") else ())

    def _sort(self) -> Sort:
        keys = [self._sort_key()]
        while self._accept(","):
            keys.append(self._sort_key())
        return Sort(tuple(keys))

    def _sort_key(self) -> tuple[Expression, bool]:
        # A key may be a column of the stats before, by the text of its expression.
        start = self._peek()
        expression = self._condition()
        if isinstance(expression, Call):
            expression = Field(self._text[start.place : self._tokens[self._place - 1].end].strip())
        descending = self._accept_word("desc")
        if not descending:
            self._accept_word("asc")
        return expression, descending

    def _limit(self) -> Limit:
        token = self._next()
        if token.kind != "number" or not token.text.isdecimal() or not 1 <= int(token.text[:9]) <= LIMIT_MAX:
            raise QueryError(f"limit expects a number from 1 to {LIMIT_MAX}.", token.place)
        return Limit(int(token.text))

    def _parse(self) -> Parse:
        source: Expression = Field("@message")
        if self._peek().kind not in ("string", "regex"):
            source = self._condition()
        token = self._next()
        if token.kind not in ("string", "regex"):
            raise QueryError("parse expects a pattern in quotation marks or between slashes.", token.place)
        names: list[str] = []
        if self._accept_word("as"):
            names.append(self._name())
            while self._accept(","):
                names.append(self._name())
        if token.kind == "regex":
            return Parse(source, Regex(token.text), tuple(names))
        if token.text.count("*") != len(names):
            raise QueryError("parse expects as many names as the pattern has stars.", token.place)
        return Parse(source, token.text, tuple(names))

    # -- expressions, from the loosest operator to the tightest

    def _condition(self) -> Expression:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise QueryError("The expression is nested too deep.", self._peek().place)
        operands = [self._conjunction()]
        while self._accept_word("or"):
            operands.append(self._conjunction())
        self._depth -= 1
        return operands[0] if len(operands) == 1 else Chain("or", tuple(operands))

    def _conjunction(self) -> Expression:
        operands = [self._negation()]
        while self._accept_word("and"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else Chain("and", tuple(operands))

    def _negation(self) -> Expression:
        negated = False
        while self._accept_word("not"):
            negated = not negated
        expression = self._comparison()
        return Negation("not", expression) if negated else expression

    def _comparison(self) -> Expression:
        left = self._sum()
        negated = self._accept_word("not")
        if self._accept_word("like") or (not negated and self._accept("=~")):
            expression: Expression = Like(left, self._pattern())
        elif self._accept_word("in"):
            expression = In(left, self._items())
        elif negated:
            raise QueryError("not expects like or in.", self._peek().place)
        else:
            operator = self._accept_any(_COMPARISONS)
            return left if operator is None else Binary(operator, left, self._sum())
        return Negation("not", expression) if negated else expression

    def _pattern(self) -> str | Regex:
        token = self._next()
        if token.kind == "regex":
            return Regex(token.text)
        if token.kind != "string":
            raise QueryError("like expects a text or a regular expression.", token.place)
        return token.text

    def _items(self) -> tuple[Expression, ...]:
        self._expect("[")
        items = [self._sum()]
        while self._accept(","):
            items.append(self._sum())
        self._expect("]")
        return tuple(items)

    def _sum(self) -> Expression:
        left = self._product()
        while (operator := self._accept_any(("+", "-"))) is not None:
            left = self._binary(operator, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._power()
        while (operator := self._accept_any(("*", "/", "%"))) is not None:
            left = self._binary(operator, left, self._power())
        return left

    def _power(self) -> Expression:
        left = self._operand()
        return self._binary("^", left, self._operand()) if self._accept("^") else left

    def _binary(self, operator: str, left: Expression, right: Expression) -> Expression:
        self._operations += 1
        if self._operations > _OPERATIONS_MAX:
            raise QueryError("The query has too many operations.", self._peek().place)
        return Binary(operator, left, right)

    def _operand(self) -> Expression:
        token = self._next()
        if token.kind == "operator":
            if token.text == "(":
                inner = self._condition()
                self._expect(")")
                return inner
            if token.text == "-":
                self._depth += 1
                if self._depth > _DEPTH_MAX:
                    raise QueryError("The expression is nested too deep.", token.place)
                operand = self._operand()
                self._depth -= 1
                return Negation("-", operand)
            if token.text == "*":
                return Field("*")
        return self._atom(token)

    def _atom(self, token: Token) -> Expression:
        if token.kind == "number":
            return Literal(float(token.text))
        if token.kind == "string":
            return Literal(token.text)
        if token.kind == "regex":
            return Regex(token.text)
        if token.kind == "span":
            return Span(_span_ms(token))
        if token.kind == "quoted":
            return Field(token.text)
        if token.kind != "name":
            raise QueryError(f"Unexpected {token.text!r}." if token.text else "The query ends too early.", token.place)
        if token.text.lower() in ("true", "false"):
            return Literal(token.text.lower() == "true")
        if self._accept("("):
            return Call(token.text.lower(), self._arguments(), token.place)
        return Field(token.text)

    def _arguments(self) -> tuple[Expression, ...]:
        arguments: list[Expression] = []
        if self._accept(")"):
            return ()
        while True:
            arguments.append(self._condition())
            if self._accept(")"):
                return tuple(arguments)
            self._expect(",")

    # -- tokens

    def _peek(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._tokens[self._place]
        if token.kind != "end":
            self._place += 1
        return token

    def _name(self) -> str:
        token = self._next()
        if token.kind not in ("name", "quoted"):
            raise QueryError("A name is expected.", token.place)
        return token.text

    def _accept(self, operator: str) -> bool:
        token = self._peek()
        found = token.kind == "operator" and token.text == operator
        self._place += found
        return found

    def _accept_any(self, operators: tuple[str, ...]) -> str | None:
        return next((operator for operator in operators if self._accept(operator)), None)

    def _accept_word(self, word: str) -> bool:
        token = self._peek()
        found = token.kind == "name" and token.text.lower() == word
        self._place += found
        return found

    def _expect(self, operator: str) -> None:
        if not self._accept(operator):
            raise QueryError(f"{operator!r} is expected.", self._peek().place)


def _span_ms(token: Token) -> int:
    digits = token.text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = token.text[len(digits) :].lower()
    name = unit if unit in UNITS_MS else _UNIT_NAMES.get(unit.removesuffix("s") if unit != "s" else unit, "")
    if name not in UNITS_MS or len(digits) > 9 or int(digits) == 0:
        raise QueryError(f"{token.text!r} is no length of time.", token.place)
    return int(digits) * UNITS_MS[name]
