"""The values of the outbox: a row, an outcome, a refused row. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Place(NamedTuple):
    """A waiting row without its content."""

    id: int
    order_id: str


class Row(NamedTuple):
    """A waiting row. ``order_id`` is the column's: the shop's word, which the order may contradict."""

    id: int
    order_id: str
    body: str
    traceparent: str | None = None


class Refusal(NamedTuple):
    """A row that can never be accepted as it is."""

    id: int
    code: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of claimed rows. Those in neither list wait on."""

    sent: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    problem: str | None = None
    """Why rows were not accepted that may be accepted later."""

    @property
    def done(self) -> int:
        return len(self.sent) + len(self.refused)
