"""The rows of ``sqs_move_task``."""

from __future__ import annotations

from onebox.services.sqs.model import MoveTask
from onebox.storage.database import Storage

_COLUMNS = (
    "task_id, account, region, source_arn, destination_arn, messages_per_second, status, failure_reason, moved,"
    " to_move, last_message_id, started_at_ms"
)


class MoveTaskStore:
    """Message move tasks, running and ended."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def insert(self, task: MoveTask) -> None:
        """Store a new task."""
        self._storage.execute(
            f"INSERT INTO sqs_move_task ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                task.task_id,
                task.account,
                task.region,
                task.source_arn,
                task.destination_arn,
                task.messages_per_second,
                task.status,
                task.failure_reason,
                task.moved,
                task.to_move,
                task.last_message_id,
                task.started_at_ms,
            ),
        )

    def find(self, task_id: str) -> MoveTask | None:
        """The task of that id, or None."""
        row = self._storage.first(f"SELECT {_COLUMNS} FROM sqs_move_task WHERE task_id = ?", (task_id,))
        return None if row is None else MoveTask(*row)

    def find_running(self, source_arn: str) -> MoveTask | None:
        """The task that moves messages of this queue now, or None."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM sqs_move_task WHERE source_arn = ? AND status = 'RUNNING'", (source_arn,)
        )
        return None if row is None else MoveTask(*row)

    def list_running(self) -> list[str]:
        """Ids of all tasks that run."""
        return [row[0] for row in self._storage.execute("SELECT task_id FROM sqs_move_task WHERE status = 'RUNNING'")]

    def list_recent(self, source_arn: str, limit: int) -> list[MoveTask]:
        """The tasks of a queue, the latest first."""
        rows = self._storage.execute(
            f"SELECT {_COLUMNS} FROM sqs_move_task WHERE source_arn = ? ORDER BY started_at_ms DESC LIMIT ?",
            (source_arn, limit),
        )
        return [MoveTask(*row) for row in rows]

    def forget_old(self, source_arn: str, kept: int) -> None:
        """Remove the ended tasks of a queue but the latest."""
        self._storage.execute(
            "DELETE FROM sqs_move_task WHERE status <> 'RUNNING' AND task_id IN (SELECT task_id FROM sqs_move_task"
            " WHERE source_arn = ? ORDER BY started_at_ms DESC LIMIT -1 OFFSET ?)",
            (source_arn, kept),
        )

    def add_moved(self, task_id: str, moved: int) -> None:
        """Count messages that were moved."""
        self._storage.execute("UPDATE sqs_move_task SET moved = moved + ? WHERE task_id = ?", (moved, task_id))

    def end(self, task_id: str, status: str, failure_reason: str | None = None) -> None:
        """End a task."""
        self._storage.execute(
            "UPDATE sqs_move_task SET status = ?, failure_reason = ? WHERE task_id = ?",
            (status, failure_reason, task_id),
        )
