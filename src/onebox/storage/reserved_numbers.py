"""Numbers that no later process gives again, although most of them cost no write of their own.

Numbers by the clock repeat if the machine ends within a minute of the last kept clock state and starts again with its
clock set back, and the rows that had the numbers are gone. So the end of a stretch of numbers is stored ahead, in the
transaction that uses the first of them; the next process begins behind it.
"""

from __future__ import annotations

from functools import partial

from onebox.storage.database import Storage


class ReservedNumbers:
    """How far one sequence of rising numbers may have been used."""

    def __init__(self, storage: Storage, name: str, ahead: int) -> None:
        """``ahead``: how many numbers are reserved at once, so how far a restart may move the sequence on."""
        self._storage = storage
        self._name = name
        self._ahead = ahead
        self._reserved = 0
        """Up to here the numbers are reserved on disk."""

    def find_last(self) -> int:
        """The last number that an earlier process may have given; 0 if there was none."""
        row = self._storage.first("SELECT last FROM storage_reserved_numbers WHERE name = ?", (self._name,))
        return 0 if row is None else int(row[0])

    def use(self, number: int) -> None:
        """Note that ``number`` is given, in the job that stores it. A job that is undone gives it up."""
        if number > self._reserved:
            last = number + self._ahead
            self._storage.execute(
                "INSERT OR REPLACE INTO storage_reserved_numbers (name, last) VALUES (?, ?)", (self._name, last)
            )
            self._storage.after_commit(partial(self._note_reserved, last), patient=True)

    def _note_reserved(self, last: int) -> None:
        self._reserved = max(self._reserved, last)
