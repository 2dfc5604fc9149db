"""The rows of ``sns_subscription``."""

from __future__ import annotations

import json

import orjson

from onebox.services.sns.model import Subscription
from onebox.storage.database import Row, Storage

_SUBSCRIPTION = (
    "arn, topic_arn, account, region, protocol, endpoint, principal_arn, status, token, authenticated,"
    " owner_only_unsubscribes, attributes, created_at_ms"
)


class SubscriptionStore:
    """Subscriptions by ARN, token, topic and account."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, arn: str) -> Subscription | None:
        return self._find("arn = ?", arn)

    def find_by_token(self, token: str) -> Subscription | None:
        return self._find("token = ?", token)

    def find_of(self, topic_arn: str, protocol: str, endpoint: str) -> Subscription | None:
        return self._find("topic_arn = ? AND protocol = ? AND endpoint = ?", topic_arn, protocol, endpoint)

    def _find(self, where: str, *parameters: str) -> Subscription | None:
        row = self._storage.first(f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE {where}", parameters)
        return _subscription(row) if row else None

    def list_confirmed(self, topic_arn: str) -> list[Subscription]:
        """All confirmed subscriptions of a topic, oldest first."""
        rows = self._storage.all(
            f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE topic_arn = ? AND status = 'confirmed'"
            " ORDER BY id",
            (topic_arn,),
        )
        return [_subscription(row) for row in rows]

    def list_of_topic(self, topic_arn: str, after_id: int, limit: int) -> list[Subscription]:
        rows = self._storage.all(
            f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE topic_arn = ? AND id > ? ORDER BY id LIMIT ?",
            (topic_arn, after_id, limit),
        )
        return [_subscription(row) for row in rows]

    def list_of_account(self, account: str, region: str, after_id: int, limit: int) -> list[Subscription]:
        rows = self._storage.all(
            f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE account = ? AND region = ? AND id > ?"
            " ORDER BY id LIMIT ?",
            (account, region, after_id, limit),
        )
        return [_subscription(row) for row in rows]

    def count_by_status(self, topic_arn: str) -> dict[str, int]:
        """Numbers by status: ``pending``, ``confirmed``."""
        rows = self._storage.all(
            "SELECT status, count(*) FROM sns_subscription WHERE topic_arn = ? GROUP BY status", (topic_arn,)
        )
        return dict(rows)

    def insert(self, subscription: Subscription) -> None:
        self._storage.execute(
            f"INSERT INTO sns_subscription ({_SUBSCRIPTION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                subscription.arn,
                subscription.topic_arn,
                subscription.account,
                subscription.region,
                subscription.protocol,
                subscription.endpoint,
                subscription.principal_arn,
                "pending" if subscription.is_pending else "confirmed",
                subscription.token,
                int(subscription.authenticated),
                int(subscription.owner_only_unsubscribes),
                json.dumps(subscription.attributes),
                subscription.created_at_ms,
            ),
        )

    def confirm(self, arn: str, *, authenticated: bool, owner_only_unsubscribes: bool) -> None:
        self._storage.execute(
            "UPDATE sns_subscription SET status = 'confirmed', authenticated = ?, owner_only_unsubscribes = ?"
            " WHERE arn = ?",
            (int(authenticated), int(owner_only_unsubscribes), arn),
        )

    def set_attributes(self, arn: str, attributes: dict[str, str]) -> None:
        self._storage.execute("UPDATE sns_subscription SET attributes = ? WHERE arn = ?", (json.dumps(attributes), arn))

    def delete(self, subscription: Subscription) -> None:
        self._storage.execute("DELETE FROM sns_subscription WHERE arn = ?", (subscription.arn,))
        self._storage.execute(
            "UPDATE sns_topic SET subscriptions_deleted = subscriptions_deleted + 1 WHERE arn = ?",
            (subscription.topic_arn,),
        )


def _subscription(row: Row) -> Subscription:
    arn, topic_arn, account, region, protocol, endpoint, principal_arn, status, token, *rest = row
    authenticated, owner_only_unsubscribes, attributes, created_at_ms, id_ = rest
    return Subscription(
        arn=arn,
        topic_arn=topic_arn,
        account=account,
        region=region,
        protocol=protocol,
        endpoint=endpoint,
        principal_arn=principal_arn,
        is_pending=status == "pending",
        token=token,
        authenticated=bool(authenticated),
        owner_only_unsubscribes=bool(owner_only_unsubscribes),
        attributes=orjson.loads(attributes),
        created_at_ms=created_at_ms,
        id=id_,
    )
