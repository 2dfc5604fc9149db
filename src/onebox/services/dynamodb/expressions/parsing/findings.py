"""Which of several faults in one expression is reported: DynamoDB looks for them kind by kind."""

from __future__ import annotations

from enum import IntEnum

from onebox.services.dynamodb.expressions.lexer import ExpressionError


class Findings:
    """The first fault of each kind. Kinds are reported in the order of their numbers."""

    def __init__(self) -> None:
        self._first: dict[IntEnum, str] = {}

    def note(self, kind: IntEnum, message: str) -> None:
        """Keep a fault, unless there is one of its kind."""
        self._first.setdefault(kind, message)

    def raise_first(self) -> None:
        """Raise ExpressionError with the fault that is reported, if there is any."""
        if self._first:
            raise ExpressionError(self._first[min(self._first)])


class Fault(IntEnum):
    """What can be wrong with a text that parses, in the order in which DynamoDB looks."""

    PARENTHESES = 1
    FUNCTION_NAME = 2
    FUNCTION_USE = 3
    RESERVED_WORD = 4


class UpdateFault(IntEnum):
    """The same for updates, which are looked through in another order."""

    RESERVED_WORD = 1
    FUNCTION_NAME = 2
    REPEATED_SECTION = 3
    FUNCTION_USE = 4
