"""The SQL of events that were not delivered yet, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from onebox.storage.database import Row, Storage

_COLUMNS = "notification_id, bucket, account, region, destination_arn, record, trace_header, noted_at_ms"


@dataclass(frozen=True, slots=True)
class Notification:
    """An event for one destination."""

    notification_id: int
    bucket: str
    account: str
    region: str
    destination_arn: str
    record: dict[str, Any]
    trace_header: str
    noted_at_ms: int


class NotificationStore:
    """Rows in, values out. Writes belong inside ``storage.run``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def insert(self, notification: Notification) -> None:
        """Store an event; its id is given by the database."""
        self._storage.execute(
            "INSERT INTO s3_notification (bucket, account, region, destination_arn, record, trace_header, noted_at_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                notification.bucket,
                notification.account,
                notification.region,
                notification.destination_arn,
                orjson.dumps(notification.record).decode(),
                notification.trace_header,
                notification.noted_at_ms,
            ),
        )

    def list_destinations(self) -> list[str]:
        """The destinations for which something waits."""
        return [row[0] for row in self._storage.all("SELECT DISTINCT destination_arn FROM s3_notification")]

    def list_oldest(self, destination_arn: str, limit: int) -> list[Notification]:
        """What waits for a destination, the oldest first."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM s3_notification WHERE destination_arn = ? ORDER BY notification_id LIMIT ?",
            (destination_arn, limit),
        )
        return [_notification(row) for row in rows]

    def delete(self, notification_id: int) -> None:
        """Forget an event."""
        self._storage.execute("DELETE FROM s3_notification WHERE notification_id = ?", (notification_id,))

    def delete_older(self, destination_arn: str, before_ms: int, limit: int) -> int:
        """Forget the oldest events of a destination that were noted before a moment; their number."""
        self._storage.execute(
            "DELETE FROM s3_notification WHERE notification_id IN (SELECT notification_id FROM s3_notification "
            "WHERE destination_arn = ? AND noted_at_ms < ? ORDER BY notification_id LIMIT ?)",
            (destination_arn, before_ms, limit),
        )
        return self._storage.changes()


def _notification(row: Row) -> Notification:
    notification_id, bucket, account, region, destination_arn, record, trace_header, noted_at_ms = row
    return Notification(
        notification_id=notification_id,
        bucket=bucket,
        account=account,
        region=region,
        destination_arn=destination_arn,
        record=orjson.loads(record),
        trace_header=trace_header,
        noted_at_ms=noted_at_ms,
    )
