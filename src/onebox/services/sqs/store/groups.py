"""The rows of ``sqs_message_group``: the message groups of FIFO queues, in the order of their next receives."""

from __future__ import annotations

from itertools import takewhile

from onebox.services.sqs.model import State
from onebox.storage.database import Storage


class GroupStore:
    """Message groups by backlog."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, backlog_id: int, group_id: str, position: int, *, is_open: bool) -> None:
        """A message of the group arrives: a new group takes its place, one that is there keeps its own."""
        self._storage.execute(
            "INSERT OR IGNORE INTO sqs_message_group (backlog_id, group_id, position, is_open) VALUES (?, ?, ?, ?)",
            (backlog_id, group_id, position, is_open),
        )

    def find_open(self, backlog_id: int, limit: int) -> list[str]:
        """The groups from which messages may be received, in their order."""
        rows = self._storage.execute(
            "SELECT group_id FROM sqs_message_group WHERE backlog_id = ? AND is_open = 1 ORDER BY position LIMIT ?",
            (backlog_id, limit),
        )
        return [row[0] for row in rows]

    def close(self, backlog_id: int, group_id: str, position: int) -> None:
        """Messages were received from the group: it waits for them, and takes the last place."""
        self._storage.execute(
            "UPDATE sqs_message_group SET is_open = 0, position = ? WHERE backlog_id = ? AND group_id = ?",
            (position, backlog_id, group_id),
        )

    def refresh(self, backlog_id: int, group_id: str) -> bool:
        """Bring the group's row up to date with its messages; whether messages may be received from it.

        A group is open if its first message is visible; recorded from AWS.
        """
        first = self._storage.first(
            "SELECT state FROM sqs_message WHERE backlog_id = ? AND group_id = ? ORDER BY id LIMIT 1",
            (backlog_id, group_id),
        )
        if first is None:
            self._storage.execute(
                "DELETE FROM sqs_message_group WHERE backlog_id = ? AND group_id = ?", (backlog_id, group_id)
            )
            return False
        is_open: bool = first[0] == State.VISIBLE
        self._storage.execute(
            "UPDATE sqs_message_group SET is_open = ? WHERE backlog_id = ? AND group_id = ?",
            (is_open, backlog_id, group_id),
        )
        return is_open

    def find_visible(self, backlog_id: int, group_id: str, limit: int) -> list[int]:
        """The row ids of a group's first messages, up to the first that is not visible."""
        rows = self._storage.execute(
            "SELECT id, state FROM sqs_message WHERE backlog_id = ? AND group_id = ? ORDER BY id LIMIT ?",
            (backlog_id, group_id, limit),
        )
        return [row[0] for row in takewhile(lambda row: row[1] == State.VISIBLE, rows)]
