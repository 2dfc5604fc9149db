"""The ledger of a publisher on disk: which orders of a file were accepted.

Promises: the file is replaced as a whole, so a crash leaves the last one or the one before; what it calls
accepted was accepted. An order whose acceptance was not yet written is sent again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orders.clock import Clock
from orders.publishing.order_files import Entry, fingerprint
from orders.publishing.saved_progress import SavedProgress


class FileLedger:
    """The orders of one file, by number: all up to ``_up_to`` and those in ``_beyond`` were accepted."""

    def __init__(self, path: Path, fingerprint: str, clock: Clock) -> None:
        self._file = SavedProgress(path, clock)
        self._fingerprint = fingerprint
        self._up_to = 0
        self._beyond: set[int] = set()

    @classmethod
    def of_file(cls, source: str, folder: Path, clock: Clock, *, resume: bool) -> FileLedger:
        """The ledger of a file, with what an earlier run wrote there if ``resume``."""
        mark = fingerprint(source)
        ledger = cls(folder / f"{mark[:32]}.json", mark, clock)
        if resume:
            ledger._load()
        return ledger

    @property
    def accepted(self) -> int:
        return self._up_to + len(self._beyond)

    def is_accepted(self, entry: Entry) -> bool:
        return entry.number <= self._up_to or entry.number in self._beyond

    def accept(self, entries: Iterable[Entry]) -> None:
        self._beyond.update(entry.number for entry in entries)
        while self._up_to + 1 in self._beyond:
            self._up_to += 1
            self._beyond.remove(self._up_to)
        if self._file.is_due:
            self.save()

    def save(self) -> None:
        self._file.write(
            {"file": self._fingerprint, "accepted_up_to": self._up_to, "accepted_beyond": sorted(self._beyond)}
        )

    def remove(self) -> None:
        """Forget: all is accepted."""
        self._file.remove()

    def _load(self) -> None:
        content = self._file.read()
        if content is not None and content.get("file") == self._fingerprint:
            self._up_to = int(content["accepted_up_to"])
            self._beyond = {int(number) for number in content["accepted_beyond"]}


class NoLedger:
    """For what cannot be read again, such as standard input."""

    def is_accepted(self, entry: Entry) -> bool:
        return False

    def accept(self, entries: Iterable[Entry]) -> None:
        return
