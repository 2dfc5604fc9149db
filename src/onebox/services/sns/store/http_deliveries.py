"""The rows of ``sns_http_delivery``: requests to HTTP endpoints."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from onebox.services.sns.model import HttpDelivery, Redrive
from onebox.storage.database import Row, Storage

_COLUMNS = (
    "account, region, topic_arn, message_type, url, headers, body, retries, redrive, attempts, due_at_ms, described"
)


class HttpDeliveryStore:
    """Deliveries in the order in which they are due."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def insert(self, delivery: HttpDelivery) -> None:
        self._storage.execute(
            f"INSERT INTO sns_http_delivery ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                delivery.account,
                delivery.region,
                delivery.topic_arn,
                delivery.message_type,
                delivery.url,
                json.dumps(delivery.headers),
                delivery.body,
                json.dumps(delivery.retries),
                _redrive_text(delivery.redrive),
                delivery.attempts,
                delivery.due_at_ms,
                None if delivery.described is None else json.dumps(delivery.described),
            ),
        )

    def list_due(self, now_ms: int, in_progress: Sequence[int], limit: int) -> list[HttpDelivery]:
        """What is due and not in progress, oldest first."""
        rows = self._storage.all(
            f"SELECT {_COLUMNS}, id FROM sns_http_delivery WHERE due_at_ms <= ?"
            " AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at_ms, id LIMIT ?",
            (now_ms, json.dumps(list(in_progress)), limit),
        )
        return [_make_delivery(row) for row in rows]

    def next_due_at_ms(self, after_ms: int) -> int | None:
        """When the next one after ``after_ms`` is due."""
        row = self._storage.first("SELECT min(due_at_ms) FROM sns_http_delivery WHERE due_at_ms > ?", (after_ms,))
        return row[0] if row else None

    def postpone(self, delivery_id: int, due_at_ms: int) -> None:
        self._storage.execute(
            "UPDATE sns_http_delivery SET attempts = attempts + 1, due_at_ms = ? WHERE id = ?",
            (due_at_ms, delivery_id),
        )

    def delete(self, delivery_id: int) -> None:
        self._storage.execute("DELETE FROM sns_http_delivery WHERE id = ?", (delivery_id,))


def _make_delivery(row: Row) -> HttpDelivery:
    account, region, topic_arn, message_type, url, headers, body, retries, redrive, *rest = row
    attempts, due_at_ms, described, id_ = rest
    return HttpDelivery(
        account=account,
        region=region,
        topic_arn=topic_arn,
        message_type=message_type,
        url=url,
        headers=json.loads(headers),
        body=body,
        retries=json.loads(retries),
        redrive=_make_redrive(redrive),
        due_at_ms=due_at_ms,
        described=None if described is None else json.loads(described),
        attempts=attempts,
        id=id_,
    )


def _redrive_text(redrive: Redrive | None) -> str | None:
    if redrive is None:
        return None
    attributes = {
        name: {
            key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for key, value in attribute.items()
        }
        for name, attribute in redrive.attributes.items()
    }
    return json.dumps({"queue_arn": redrive.queue_arn, "body": redrive.body, "attributes": attributes})


def _make_redrive(text: str | None) -> Redrive | None:
    if text is None:
        return None
    stored = json.loads(text)
    for attribute in stored["attributes"].values():
        if "BinaryValue" in attribute:
            attribute["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
    return Redrive(**stored)
