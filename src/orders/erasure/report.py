"""What was found, erased and left at each place. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Found:
    """The copies at one place."""

    place: str
    what: str
    """The noun for one copy."""
    copies: int = 0
    erased: int = 0
    left: int = 0
    note: str = ""

    def to_plain(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "what": self.what,
            "found": self.copies,
            "erased": self.erased,
            "left": self.left,
            "note": self.note,
        }


@dataclass
class Remaining:
    """What no command erases. ``until_ms`` is None where it depends on something else than time."""

    place: str
    holds: str
    until_ms: int | None = None


@dataclass
class Report:
    order_ids: list[str] = field(default_factory=list)
    places: list[Found] = field(default_factory=list)
    remains: list[Remaining] = field(default_factory=list)

    @property
    def copies(self) -> int:
        return sum(one.copies for one in self.places)

    @property
    def left(self) -> int:
        return sum(one.left for one in self.places)

    def to_plain(self) -> dict[str, Any]:
        return {
            "orders": len(self.order_ids),
            "places": [one.to_plain() for one in self.places],
            "left": self.left,
            "remains": [{"place": one.place, "holds": one.holds, "untilMs": one.until_ms} for one in self.remains],
        }
