"""The SQL of events that were not delivered yet, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from onebox.storage.database import Row, Storage

_COLUMNS = "notification_id, bucket, account, region, destination_arn, record, trace_header, noted_at_ms"


class Channel(NamedTuple):
    """Whose events go where. A destination may let one bucket in and not another, so each pair waits by itself."""

    bucket: str
    destination_arn: str


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

    def list_channels(self) -> list[Channel]:
        """Those in which something waits."""
        rows = self._storage.all("SELECT DISTINCT bucket, destination_arn FROM s3_notification")
        return [Channel(*row) for row in rows]

    def list_oldest(self, channel: Channel, limit: int) -> list[Notification]:
        """What waits in a channel, the oldest first."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS} FROM s3_notification WHERE bucket = ? AND destination_arn = ? "
            "ORDER BY notification_id LIMIT ?",
            (*channel, limit),
        )
        return [_notification(row) for row in rows]

    def delete(self, notification_id: int) -> None:
        """Forget an event."""
        self._storage.execute("DELETE FROM s3_notification WHERE notification_id = ?", (notification_id,))

    def delete_older(self, channel: Channel, before_ms: int, limit: int) -> int:
        """Forget the oldest events of a channel that were noted before a moment; their number."""
        self._storage.execute(
            "DELETE FROM s3_notification WHERE notification_id IN (SELECT notification_id FROM s3_notification "
            "WHERE bucket = ? AND destination_arn = ? AND noted_at_ms < ? ORDER BY notification_id LIMIT ?)",
            (*channel, before_ms, limit),
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
