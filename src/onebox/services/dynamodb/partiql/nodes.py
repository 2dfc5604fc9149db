"""PartiQL statements. Their conditions, paths and actions are those of the expression language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onebox.services.dynamodb.expressions.nodes import Action, Condition, Path, Template


@dataclass(frozen=True, slots=True)
class Insert:
    """``INSERT INTO table VALUE {…}``."""

    iam_action: ClassVar[str] = "PartiQLInsert"

    table_name: str
    item: Template
    parameter_names: tuple[str, ...] | None = None
    """The attributes' names, where each of them is given the parameter of its place: most statements are so."""
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Select:
    """``SELECT … FROM table[.index] [WHERE …] [ORDER BY …]``; ``paths`` is None for ``*``."""

    iam_action: ClassVar[str] = "PartiQLSelect"

    table_name: str
    index_name: str | None
    paths: tuple[Path, ...] | None
    where: Condition | None
    order: tuple[tuple[str, bool], ...] = ()
    """Attribute names, each with whether it ascends."""
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Returning:
    """``RETURNING scope moment *``."""

    scope: str
    """ALL or MODIFIED."""
    moment: str
    """OLD or NEW."""

    def __str__(self) -> str:
        return f"RETURNING {self.scope} {self.moment} *"


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """``UPDATE table SET … REMOVE … WHERE … [RETURNING …]``."""

    iam_action: ClassVar[str] = "PartiQLUpdate"

    table_name: str
    actions: tuple[Action, ...]
    where: Condition | None
    returning: Returning | None = None
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    """``DELETE FROM table WHERE … [RETURNING ALL OLD *]``."""

    iam_action: ClassVar[str] = "PartiQLDelete"

    table_name: str
    where: Condition | None
    returning: Returning | None = None
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Exists:
    """``EXISTS (SELECT …)``, a condition check in transactions."""

    iam_action: ClassVar[str] = "PartiQLSelect"

    select: Select
    parameters: int = 0

    @property
    def table_name(self) -> str:
        return self.select.table_name


Statement = Insert | Select | UpdateStatement | DeleteStatement | Exists
