"""Values of SNS: topics, subscriptions, messages, and requests to HTTP endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from onebox.services.context import Wire

SUBSCRIPTION_PROTOCOLS = frozenset(("sqs", "lambda", "http", "https", "email", "email-json", "sms"))


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. ``attributes`` holds what was set, in AWS's names; what is absent has AWS's default."""

    arn: str
    account: str
    region: str
    name: str
    attributes: dict[str, str]
    tags: dict[str, str]
    created_at_ms: int
    subscriptions_deleted: int = 0

    @property
    def is_fifo(self) -> bool:
        """Whether its messages have groups, an order and deduplication."""
        return self.name.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription. ``authenticated``: its confirmation was signed with the owner's credentials."""

    arn: str
    topic_arn: str
    account: str
    region: str
    protocol: str
    endpoint: str
    principal_arn: str
    is_pending: bool
    token: str | None
    authenticated: bool
    owner_only_unsubscribes: bool
    attributes: dict[str, str]
    created_at_ms: int
    id: int = 0

    @property
    def is_raw(self) -> bool:
        """Whether messages are delivered without the envelope."""
        return self.attributes.get("RawMessageDelivery") == "true"


class Message(NamedTuple):
    """A message as published. ``bodies`` has the texts of MessageStructure=json by protocol."""

    message_id: str
    body: str
    bodies: dict[str, str]
    subject: str | None
    attributes: Wire
    body_bytes: int
    group_id: str | None = None
    dedup_id: str | None = None
    sequence: str | None = None

    def body_for(self, protocol: str) -> str:
        """The text for a protocol: its own, or the default."""
        return self.bodies.get(protocol, self.body) if self.bodies else self.body


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
    described: Wire | None = None
    """The notification as a delivery status log describes it, where the topic asks for one."""
    attempts: int = 0
    id: int = 0
