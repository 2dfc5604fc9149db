"""How far a replay has come, on disk, so that an interrupted run resumes.

Promises: the file is replaced as a whole; what lies before the position was accepted by the target or named as refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from orders.clock import Clock

SAVE_EVERY_MS = 500.0


class Position:
    """The place of the last notification that is done with; None before the first."""

    def __init__(self, path: Path, clock: Clock, *, resume: bool) -> None:
        self.path = path
        self.key: tuple[int, str] | None = None
        self.sent = 0
        self._clock = clock
        self._saved_at_ms = clock.monotonic_ms()
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
        if self._clock.monotonic_ms() - self._saved_at_ms >= SAVE_EVERY_MS:
            self.save()

    def save(self) -> None:
        if self.key is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as stream:
            json.dump({"publishedAtMs": self.key[0], "id": self.key[1], "sent": self.sent}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.path)
        self._saved_at_ms = self._clock.monotonic_ms()

    def remove(self) -> None:
        """Forget: the replay is complete."""
        self.path.unlink(missing_ok=True)

    def _load(self) -> None:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        self.key = int(content["publishedAtMs"]), str(content["id"])
        self.sent = int(content["sent"])
