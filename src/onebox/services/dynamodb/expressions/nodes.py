"""The parts an expression is made of, shared by DynamoDB's expression language and by PartiQL.

A parsed expression holds :class:`Path` and :class:`ValueRef` as they were written; binding (``binding.py``) replaces
placeholders by names and :class:`Literal` values. All of them are immutable, so that parses can be shared.
"""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.dynamodb.values.attributes import AttributeValue

PathPart = str | int
"""An attribute name (``#placeholder`` before binding) or a list index."""


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: ``a.b[3]``."""

    parts: tuple[PathPart, ...]

    def __str__(self) -> str:
        shown = [f"[{part}]" if isinstance(part, int) else part for part in self.parts]
        return f"[{', '.join(shown)}]"


@dataclass(frozen=True, slots=True)
class ValueRef:
    """``:value`` in expressions, ``?3`` for the fourth parameter of a PartiQL statement."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A checked attribute value."""

    value: AttributeValue


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left + right`` or ``left - right``, only in SET."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Template:
    """A PartiQL list, set or map with parameters inside; ``members`` are values by index or name."""

    kind: str
    members: tuple[tuple[PathPart, Operand], ...]


Operand = Path | ValueRef | Literal | Function | Arithmetic | Template


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    operand: Operand
    lower: Operand
    upper: Operand


@dataclass(frozen=True, slots=True)
class In:
    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Comparison | Between | In | And | Or | Not | Function


@dataclass(frozen=True, slots=True)
class SetAction:
    path: Path
    value: Operand


@dataclass(frozen=True, slots=True)
class RemoveAction:
    path: Path


@dataclass(frozen=True, slots=True)
class AddAction:
    path: Path
    value: Operand
    is_legacy: bool = False
    """Of AttributeUpdates, whose faults have other words."""


@dataclass(frozen=True, slots=True)
class DeleteAction:
    path: Path
    value: Operand
    is_legacy: bool = False


Action = SetAction | RemoveAction | AddAction | DeleteAction
