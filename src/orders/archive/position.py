"""How far a replay has come, on disk, so that an interrupted run resumes.

Promises: the file is replaced as a whole; what lies before the position was accepted by the target or named as refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from orders.clock import Clock
from orders.publishing.saved_progress import SavedProgress


class Position:
    """The place of the last notification that is done with; None before the first."""

    def __init__(self, path: Path, clock: Clock, *, resume: bool) -> None:
        self._file = SavedProgress(path, clock)
        self.key: tuple[int, str] | None = None
        self.sent = 0
        if resume:
            self._load()

    @classmethod
    def of_replay(cls, folder: Path, request: dict[str, object], clock: Clock, *, resume: bool) -> Position:
        """The position of the replay with these arguments."""
        name = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:32]
        return cls(folder / f"{name}.json", clock, resume=resume)

    def is_done(self, key: tuple[int, str]) -> bool:
        return self.key is not None and key <= self.key

    def advance(self, key: tuple[int, str], sent: int) -> None:
        self.key = key
        self.sent += sent
        if self._file.is_due:
            self.save()

    def save(self) -> None:
        if self.key is not None:
            self._file.write({"publishedAtMs": self.key[0], "id": self.key[1], "sent": self.sent})

    def remove(self) -> None:
        """Forget: the replay is complete."""
        self._file.remove()

    def _load(self) -> None:
        content = self._file.read()
        if content is not None:
            self.key = int(content["publishedAtMs"]), str(content["id"])
            self.sent = int(content["sent"])
