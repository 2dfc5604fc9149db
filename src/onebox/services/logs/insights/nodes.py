"""Commands and expressions of a Logs Insights query. Immutable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """A field by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text or a truth value."""

    value: str | float | bool


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in ms: ``5m``."""

    ms: int


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression."""

    text: str


@dataclass(frozen=True, slots=True)
class Negation:
    """``-x`` or ``not x``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Chain:
    """``and`` or ``or`` over two or more conditions."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic or a comparison."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Like:
    """``x like "text"`` or ``x like /regex/``."""

    operand: Expression
    pattern: str | Regex


@dataclass(frozen=True, slots=True)
class In:
    """``x in [a, b]``."""

    operand: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call; ``*`` as an argument is the field ``*``."""

    function: str
    arguments: tuple[Expression, ...]
    place: int


Expression = Field | Literal | Span | Regex | Negation | Chain | Binary | Like | In | Call


@dataclass(frozen=True, slots=True)
class Column:
    """An expression and the name under which results show it."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """``fields`` and ``display``; the latter replaces the columns."""

    columns: tuple[Column, ...]
    replaces: bool


@dataclass(frozen=True, slots=True)
class Filter:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Stats:
    aggregates: tuple[Column, ...]
    groups: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Keys, and for each whether it descends."""

    keys: tuple[tuple[Expression, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    count: int


@dataclass(frozen=True, slots=True)
class Parse:
    """Takes names out of a text: by a glob with stars, or by a regular expression with named groups."""

    source: Expression
    pattern: str | Regex
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dedup:
    columns: tuple[Expression, ...]


Command = Fields | Filter | Stats | Sort | Limit | Parse | Dedup
