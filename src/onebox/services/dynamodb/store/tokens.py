"""The rows of ClientRequestTokens: which transactions were done lately, and their answers."""

from __future__ import annotations

from onebox.storage.database import Storage


class TokenStore:
    """Transactions by their tokens."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, account: str, region: str, token: str, now_ms: int) -> tuple[bytes, bytes] | None:
        """The fingerprint of the request that used the token, and its answer; None if unused or expired."""
        row = self._storage.first(
            "SELECT fingerprint, answer FROM dynamodb_transaction_tokens "
            "WHERE account = ? AND region = ? AND token = ? AND expires_at_ms > ?",
            (account, region, token, now_ms),
        )
        return None if row is None else (row[0], row[1])

    def keep(
        self,
        *,
        account: str,
        region: str,
        token: str,
        fingerprint: bytes,
        answer: bytes,
        now_ms: int,
        lasts_ms: int,
    ) -> None:
        """Remember a token, and forget those that have expired."""
        self._storage.execute("DELETE FROM dynamodb_transaction_tokens WHERE expires_at_ms <= ?", (now_ms,))
        self._storage.execute(
            "INSERT INTO dynamodb_transaction_tokens (account, region, token, fingerprint, answer, expires_at_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (account, region, token, fingerprint, answer, now_ms + lasts_ms),
        )
