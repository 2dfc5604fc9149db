"""The rows of ``sqs_deduplication`` and ``sqs_receive_attempt``: what FIFO queues remember for five minutes."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from onebox.services.sqs.model import Sent
from onebox.storage.database import Storage


class DeduplicationStore:
    """What was sent, and what was received, under an id that makes a repetition harmless."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, backlog_id: int, scope: str, dedup_id: str, now_ms: int) -> Sent | None:
        """The message that was sent under this id, if its five minutes are not over."""
        row = self._storage.first(
            "SELECT message_id, sequence_number FROM sqs_deduplication"
            " WHERE backlog_id = ? AND group_scope = ? AND dedup_id = ? AND expires_at_ms > ?",
            (backlog_id, scope, dedup_id, now_ms),
        )
        return None if row is None else Sent(*row)

    def remember(self, backlog_id: int, scope: str, dedup_id: str, sent: Sent, expires_at_ms: int) -> None:
        """Remember a message that was sent."""
        self._storage.execute(
            "INSERT OR REPLACE INTO sqs_deduplication VALUES (?, ?, ?, ?, ?, ?)",
            (backlog_id, scope, dedup_id, sent.message_id, sent.sequence_number, expires_at_ms),
        )

    def find_attempt(self, backlog_id: int, attempt_id: str, now_ms: int) -> list[tuple[int, int]] | None:
        """What was received under this attempt id: row ids with their receive counts."""
        row = self._storage.first(
            "SELECT receipts FROM sqs_receive_attempt WHERE backlog_id = ? AND attempt_id = ? AND expires_at_ms > ?",
            (backlog_id, attempt_id, now_ms),
        )
        return None if row is None else [(pair[0], pair[1]) for pair in orjson.loads(row[0])]

    def remember_attempt(
        self, backlog_id: int, attempt_id: str, receipts: Sequence[tuple[int, int]], expires_at_ms: int
    ) -> None:
        """Remember what was received under an attempt id."""
        self._storage.execute(
            "INSERT OR REPLACE INTO sqs_receive_attempt VALUES (?, ?, ?, ?)",
            (backlog_id, attempt_id, orjson.dumps(list(receipts)).decode(), expires_at_ms),
        )

    def sweep(self, now_ms: int, limit: int) -> None:
        """Remove some expired rows."""
        self._storage.execute(
            "DELETE FROM sqs_deduplication WHERE (backlog_id, group_scope, dedup_id) IN"
            " (SELECT backlog_id, group_scope, dedup_id FROM sqs_deduplication WHERE expires_at_ms <= ?"
            " ORDER BY expires_at_ms LIMIT ?)",
            (now_ms, limit),
        )
        self._storage.execute(
            "DELETE FROM sqs_receive_attempt WHERE (backlog_id, attempt_id) IN"
            " (SELECT backlog_id, attempt_id FROM sqs_receive_attempt WHERE expires_at_ms <= ?"
            " ORDER BY expires_at_ms LIMIT ?)",
            (now_ms, limit),
        )
