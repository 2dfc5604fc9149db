"""The rows of ``sns_fifo_message``: what FIFO topics published in the last five minutes; and their sequence numbers."""

from __future__ import annotations

from onebox.storage.database import Storage

_EXPIRED_ROWS_MAX = 20
"""How many expired rows one publish removes."""


class FifoMessageStore:
    """Published messages by deduplication id."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def next_sequence(self, topic_arn: str) -> int:
        """The next sequence number of a FIFO topic, counted from 1."""
        row = self._storage.first(
            "UPDATE sns_topic SET newest_sequence = newest_sequence + 1 WHERE arn = ? RETURNING newest_sequence",
            (topic_arn,),
        )
        assert row is not None, topic_arn
        return int(row[0])

    def find(self, topic_arn: str, scope: str, dedup_id: str, now_ms: int) -> tuple[str, int] | None:
        """Message id and sequence of the same message published in the last five minutes."""
        row = self._storage.first(
            "SELECT message_id, sequence FROM sns_fifo_message"
            " WHERE topic_arn = ? AND scope = ? AND dedup_id = ? AND expires_at_ms > ?",
            (topic_arn, scope, dedup_id, now_ms),
        )
        return (row[0], row[1]) if row else None

    def remember(
        self,
        topic_arn: str,
        scope: str,
        dedup_id: str,
        message_id: str,
        sequence: int,
        expires_at_ms: int,
        now_ms: int,
    ) -> None:
        self._storage.execute(
            "DELETE FROM sns_fifo_message WHERE (topic_arn, scope, dedup_id) IN (SELECT topic_arn, scope, dedup_id"
            " FROM sns_fifo_message WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)",
            (now_ms, _EXPIRED_ROWS_MAX),
        )
        self._storage.execute(
            "INSERT OR REPLACE INTO sns_fifo_message"
            " (topic_arn, scope, dedup_id, message_id, sequence, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (topic_arn, scope, dedup_id, message_id, sequence, expires_at_ms),
        )
