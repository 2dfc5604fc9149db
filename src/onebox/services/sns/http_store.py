"""The SQL of deliveries to HTTP endpoints, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onebox.services.context import Wire
from onebox.storage.database import Storage

_COLUMNS = "account, region, topic_arn, message_type, url, headers, body, retries, redrive, attempts, due_at_ms"


@dataclass(frozen=True, slots=True)
class Redrive:
    """What goes to the dead-letter queue if every attempt fails."""

    queue_arn: str
    body: str
    attributes: Wire


@dataclass(frozen=True, slots=True)
class HttpDelivery:
    """One request to be made."""

    account: str
    region: str
    topic_arn: str
    message_type: str
    url: str
    headers: dict[str, str]
    body: str
    retries: dict[str, Any]
    redrive: Redrive | None
    due_at_ms: int
    attempts: int = 0
    id: int = 0


class HttpStore:
    """Deliveries in the order in which they are due."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def insert(self, delivery: HttpDelivery) -> None:
        self._db.execute(
            f"INSERT INTO sns_http_delivery ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            ),
        )

    def list_due(self, now_ms: int, underway: Sequence[int], limit: int) -> list[HttpDelivery]:
        """What is due and not under way, oldest first."""
        rows = self._db.all(
            f"SELECT {_COLUMNS}, id FROM sns_http_delivery WHERE due_at_ms <= ?"
            " AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at_ms, id LIMIT ?",
            (now_ms, json.dumps(list(underway)), limit),
        )
        return [
            HttpDelivery(
                account,
                region,
                topic_arn,
                message_type,
                url,
                json.loads(headers),
                body,
                json.loads(retries),
                _redrive(redrive),
                due_at_ms,
                attempts,
                id_,
            )
            for (
                account,
                region,
                topic_arn,
                message_type,
                url,
                headers,
                body,
                retries,
                redrive,
                attempts,
                due_at_ms,
                id_,
            ) in rows
        ]

    def next_due_at_ms(self, after_ms: int) -> int | None:
        """When the next one after ``after_ms`` is due."""
        row = self._db.first("SELECT min(due_at_ms) FROM sns_http_delivery WHERE due_at_ms > ?", (after_ms,))
        return row[0] if row else None

    def postpone(self, delivery_id: int, due_at_ms: int) -> None:
        self._db.execute(
            "UPDATE sns_http_delivery SET attempts = attempts + 1, due_at_ms = ? WHERE id = ?",
            (due_at_ms, delivery_id),
        )

    def delete(self, delivery_id: int) -> None:
        self._db.execute("DELETE FROM sns_http_delivery WHERE id = ?", (delivery_id,))


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


def _redrive(text: str | None) -> Redrive | None:
    if text is None:
        return None
    stored = json.loads(text)
    for attribute in stored["attributes"].values():
        if "BinaryValue" in attribute:
            attribute["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
    return Redrive(**stored)
