"""SNS's SQL and the mapping of its rows, and nothing else. HTTP deliveries have their own: http_store.py."""

from __future__ import annotations

import json

from onebox.services.sns.model import Subscription, Topic
from onebox.storage.database import Row, Storage

_TOPIC = "arn, account, region, name, attributes, tags, created_at_ms, subscriptions_deleted"
_SUBSCRIPTION = (
    "arn, topic_arn, account, region, protocol, endpoint, principal_arn, status, token, authenticated,"
    " owner_only_unsubscribes, attributes, created_at_ms"
)
_EXPIRED_AT_ONCE = 20


class SnsStore:
    """Topics, subscriptions and the memory of FIFO topics."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    # Topics

    def find_topic(self, arn: str) -> Topic | None:
        row = self._db.first(f"SELECT {_TOPIC} FROM sns_topic WHERE arn = ?", (arn,))
        return _topic(row) if row else None

    def list_topics(self, account: str, region: str, after_name: str, limit: int) -> list[tuple[str, str]]:
        """Pairs of name and ARN, by name."""
        return [
            (name, arn)
            for name, arn in self._db.all(
                "SELECT name, arn FROM sns_topic WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
                (account, region, after_name, limit),
            )
        ]

    def insert_topic(self, topic: Topic) -> None:
        self._db.execute(
            f"INSERT INTO sns_topic ({_TOPIC}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                topic.arn,
                topic.account,
                topic.region,
                topic.name,
                json.dumps(topic.attributes),
                json.dumps(topic.tags),
                topic.created_at_ms,
                topic.subscriptions_deleted,
            ),
        )

    def set_topic_attributes(self, arn: str, attributes: dict[str, str]) -> None:
        self._db.execute("UPDATE sns_topic SET attributes = ? WHERE arn = ?", (json.dumps(attributes), arn))

    def set_topic_tags(self, arn: str, tags: dict[str, str]) -> None:
        self._db.execute("UPDATE sns_topic SET tags = ? WHERE arn = ?", (json.dumps(tags), arn))

    def delete_topic(self, arn: str) -> None:
        self._db.execute("DELETE FROM sns_subscription WHERE topic_arn = ?", (arn,))
        self._db.execute("DELETE FROM sns_topic WHERE arn = ?", (arn,))

    # Subscriptions

    def find_subscription(self, arn: str) -> Subscription | None:
        return self._find_subscription("arn = ?", arn)

    def find_subscription_by_token(self, token: str) -> Subscription | None:
        return self._find_subscription("token = ?", token)

    def find_subscription_of(self, topic_arn: str, protocol: str, endpoint: str) -> Subscription | None:
        return self._find_subscription("topic_arn = ? AND protocol = ? AND endpoint = ?", topic_arn, protocol, endpoint)

    def _find_subscription(self, where: str, *parameters: str) -> Subscription | None:
        row = self._db.first(f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE {where}", parameters)
        return _subscription(row) if row else None

    def list_confirmed(self, topic_arn: str) -> list[Subscription]:
        """All confirmed subscriptions of a topic, oldest first."""
        rows = self._db.all(
            f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE topic_arn = ? AND status = 'confirmed'"
            " ORDER BY id",
            (topic_arn,),
        )
        return [_subscription(row) for row in rows]

    def list_of_topic(self, topic_arn: str, after_id: int, limit: int) -> list[Subscription]:
        rows = self._db.all(
            f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE topic_arn = ? AND id > ? ORDER BY id LIMIT ?",
            (topic_arn, after_id, limit),
        )
        return [_subscription(row) for row in rows]

    def list_of_account(self, account: str, region: str, after_id: int, limit: int) -> list[Subscription]:
        rows = self._db.all(
            f"SELECT {_SUBSCRIPTION}, id FROM sns_subscription WHERE account = ? AND region = ? AND id > ?"
            " ORDER BY id LIMIT ?",
            (account, region, after_id, limit),
        )
        return [_subscription(row) for row in rows]

    def count_subscriptions(self, topic_arn: str) -> dict[str, int]:
        """Numbers by status: ``pending``, ``confirmed``."""
        rows = self._db.all(
            "SELECT status, count(*) FROM sns_subscription WHERE topic_arn = ? GROUP BY status", (topic_arn,)
        )
        return dict(rows)

    def insert_subscription(self, subscription: Subscription) -> None:
        self._db.execute(
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

    def confirm_subscription(self, arn: str, *, authenticated: bool, owner_only_unsubscribes: bool) -> None:
        self._db.execute(
            "UPDATE sns_subscription SET status = 'confirmed', authenticated = ?, owner_only_unsubscribes = ?"
            " WHERE arn = ?",
            (int(authenticated), int(owner_only_unsubscribes), arn),
        )

    def set_subscription_attributes(self, arn: str, attributes: dict[str, str]) -> None:
        self._db.execute("UPDATE sns_subscription SET attributes = ? WHERE arn = ?", (json.dumps(attributes), arn))

    def delete_subscription(self, subscription: Subscription) -> None:
        self._db.execute("DELETE FROM sns_subscription WHERE arn = ?", (subscription.arn,))
        self._db.execute(
            "UPDATE sns_topic SET subscriptions_deleted = subscriptions_deleted + 1 WHERE arn = ?",
            (subscription.topic_arn,),
        )

    # FIFO topics

    def next_sequence(self, topic_arn: str) -> int:
        """The next sequence number of a FIFO topic, counted from 1."""
        row = self._db.first(
            "UPDATE sns_topic SET newest_sequence = newest_sequence + 1 WHERE arn = ? RETURNING newest_sequence",
            (topic_arn,),
        )
        assert row is not None, topic_arn
        return int(row[0])

    def find_published(self, topic_arn: str, scope: str, dedup_id: str, now_ms: int) -> tuple[str, int] | None:
        """Message id and sequence of the same message published in the last five minutes."""
        row = self._db.first(
            "SELECT message_id, sequence FROM sns_fifo_message"
            " WHERE topic_arn = ? AND scope = ? AND dedup_id = ? AND expires_at_ms > ?",
            (topic_arn, scope, dedup_id, now_ms),
        )
        return (row[0], row[1]) if row else None

    def remember_published(
        self,
        topic_arn: str,
        scope: str,
        dedup_id: str,
        message_id: str,
        sequence: int,
        expires_at_ms: int,
        now_ms: int,
    ) -> None:
        self._db.execute(
            "DELETE FROM sns_fifo_message WHERE (topic_arn, scope, dedup_id) IN (SELECT topic_arn, scope, dedup_id"
            " FROM sns_fifo_message WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)",
            (now_ms, _EXPIRED_AT_ONCE),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO sns_fifo_message"
            " (topic_arn, scope, dedup_id, message_id, sequence, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (topic_arn, scope, dedup_id, message_id, sequence, expires_at_ms),
        )


def _topic(row: Row) -> Topic:
    arn, account, region, name, attributes, tags, created_at_ms, deleted = row
    return Topic(arn, account, region, name, json.loads(attributes), json.loads(tags), created_at_ms, deleted)


def _subscription(row: Row) -> Subscription:
    arn, topic, account, region, protocol, endpoint, principal, status, token, *rest = row
    authenticated, owner_only_unsubscribes, attributes, created_at_ms, id_ = rest
    return Subscription(
        arn,
        topic,
        account,
        region,
        protocol,
        endpoint,
        principal,
        status == "pending",
        token,
        bool(authenticated),
        bool(owner_only_unsubscribes),
        json.loads(attributes),
        created_at_ms,
        id_,
    )
