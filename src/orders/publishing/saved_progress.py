"""How far a long command has come, on disk, so that an interrupted run resumes.

Promises: the file is replaced as a whole, so a crash leaves the last state or the one before.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from orders.clock import Clock

SAVE_EVERY_MS = 500.0


class SavedProgress:
    """One file with a JSON object."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._saved_at_ms = clock.monotonic_ms()

    @property
    def is_due(self) -> bool:
        """Whether the last write is half a second old."""
        return self._clock.monotonic_ms() - self._saved_at_ms >= SAVE_EVERY_MS

    def read(self) -> dict[str, Any] | None:
        """What an earlier run left; None where there is no file."""
        try:
            content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return content

    def write(self, content: dict[str, Any]) -> None:
        """Replace the file, durably."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as stream:
            json.dump(content, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.path)
        self._saved_at_ms = self._clock.monotonic_ms()

    def remove(self) -> None:
        """Remove the file: the command has done all of it."""
        self.path.unlink(missing_ok=True)
