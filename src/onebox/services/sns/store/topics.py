"""The rows of ``sns_topic``."""

from __future__ import annotations

import json

from onebox.services.sns.model import Topic
from onebox.storage.database import Row, Storage

_TOPIC = "arn, account, region, name, attributes, tags, created_at_ms, subscriptions_deleted"


class TopicStore:
    """Topics by ARN."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, arn: str) -> Topic | None:
        row = self._storage.first(f"SELECT {_TOPIC} FROM sns_topic WHERE arn = ?", (arn,))
        return _topic(row) if row else None

    def list_names(self, account: str, region: str, after_name: str, limit: int) -> list[tuple[str, str]]:
        """Pairs of name and ARN, by name."""
        return [
            (name, arn)
            for name, arn in self._storage.all(
                "SELECT name, arn FROM sns_topic WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
                (account, region, after_name, limit),
            )
        ]

    def insert(self, topic: Topic) -> None:
        self._storage.execute(
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

    def set_attributes(self, arn: str, attributes: dict[str, str]) -> None:
        self._storage.execute("UPDATE sns_topic SET attributes = ? WHERE arn = ?", (json.dumps(attributes), arn))

    def set_tags(self, arn: str, tags: dict[str, str]) -> None:
        self._storage.execute("UPDATE sns_topic SET tags = ? WHERE arn = ?", (json.dumps(tags), arn))

    def set_data_protection_policy(self, arn: str, policy: str | None) -> None:
        self._storage.execute("UPDATE sns_topic SET data_protection_policy = ? WHERE arn = ?", (policy, arn))

    def find_data_protection_policy(self, arn: str) -> str | None:
        row = self._storage.first("SELECT data_protection_policy FROM sns_topic WHERE arn = ?", (arn,))
        policy: str | None = row[0] if row else None
        return policy

    def delete(self, arn: str) -> None:
        self._storage.execute("DELETE FROM sns_subscription WHERE topic_arn = ?", (arn,))
        self._storage.execute("DELETE FROM sns_topic WHERE arn = ?", (arn,))


def _topic(row: Row) -> Topic:
    arn, account, region, name, attributes, tags, created_at_ms, subscriptions_deleted = row
    return Topic(
        arn=arn,
        account=account,
        region=region,
        name=name,
        attributes=json.loads(attributes),
        tags=json.loads(tags),
        created_at_ms=created_at_ms,
        subscriptions_deleted=subscriptions_deleted,
    )
