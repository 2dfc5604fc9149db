"""What erasing needs of a place that holds copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from orders.erasure.person import Person


class Copies(Protocol):
    """One place. Copies that were erased are not found again."""

    place: str
    what: str
    """The noun for one copy."""
    is_looked_at_first: bool
    """Whether looking changes nothing: a look into OrderQueue uses one of a message's three receives."""

    def find(self, person: Person) -> Iterator[str | None]:
        """The order id of each copy that holds the person's data; None where it has none."""

    def erase(self, person: Person) -> int:
        """Erase the copies; how many."""
