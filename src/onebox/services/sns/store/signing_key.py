"""The row of ``sns_signing_key``."""

from __future__ import annotations

from onebox.services.sns.signing import KeyPair
from onebox.storage.database import Storage


class SigningKeyStore:
    """The key of this onebox, if it has one."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self) -> KeyPair | None:
        row = self._storage.first("SELECT private_key, certificate FROM sns_signing_key")
        return None if row is None else KeyPair(*row)

    def insert_first(self, pair: KeyPair) -> None:
        """Store the key unless there is one."""
        self._storage.execute("INSERT OR IGNORE INTO sns_signing_key VALUES (1, ?, ?)", tuple(pair))
