"""Callbacks: addresses at which a stack is answered, and the answers."""

from __future__ import annotations

import json

from onebox.services.context import Wire
from onebox.storage.database import Storage


class CallbackStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, token: str, stack_id: str) -> None:
        """A new address; inside a transaction."""
        self._storage.execute("INSERT INTO cloudformation_callbacks (token, stack_id) VALUES (?, ?)", (token, stack_id))

    def find(self, token: str) -> list[Wire] | None:
        """The answers so far; None for an address that is not or no longer there."""
        row = self._storage.first("SELECT answers FROM cloudformation_callbacks WHERE token = ?", (token,))
        return None if row is None else list(json.loads(row[0]))

    def save(self, token: str, answers: list[Wire]) -> None:
        """Replace the answers; inside a transaction."""
        text = json.dumps(answers, separators=(",", ":"))
        self._storage.execute("UPDATE cloudformation_callbacks SET answers = ? WHERE token = ?", (text, token))

    def delete(self, token: str) -> None:
        """The address is answered no more; inside a transaction."""
        self._storage.execute("DELETE FROM cloudformation_callbacks WHERE token = ?", (token,))
