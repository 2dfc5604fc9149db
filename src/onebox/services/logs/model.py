"""Values of CloudWatch Logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from onebox.services.logs.limits import DAY_MS


@dataclass(frozen=True, slots=True)
class LogGroup:
    id: int
    name: str
    created_at_ms: int
    log_class: str
    kms_key_id: str | None
    deletion_protected: bool
    retention_days: int | None
    stored_bytes: int
    metric_filters: int
    subscription_filters: int

    def expired_before_ms(self, now_ms: int) -> int:
        """Older events are gone, whether or not the sweeper has come by; 0 if none expire."""
        return 0 if self.retention_days is None else now_ms - self.retention_days * DAY_MS


@dataclass(frozen=True, slots=True)
class LogStream:
    id: int
    name: str
    created_at_ms: int
    first_event_at_ms: int | None
    last_event_at_ms: int
    last_ingested_at_ms: int | None


class LogEvent(NamedTuple):
    """A tuple, because a search makes thousands of them."""

    id: int
    stream_id: int
    at_ms: int
    ingested_at_ms: int
    message: str


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of events: by time, then by arrival. Compared as AWS compares event ids."""

    at_ms: int
    id: int


@dataclass(frozen=True, slots=True)
class EventRange:
    """Which events to read: from ``start_ms`` to before ``end_ms``, beyond ``place`` in the direction read."""

    start_ms: int
    end_ms: int
    place: Position | None
    forward: bool
    limit: int


class ResourcePolicy(NamedTuple):
    """A policy by which other services may write logs."""

    name: str
    document: str
    updated_at_ms: int


class SubscriptionFilter(NamedTuple):
    """Which events of a group go where."""

    name: str
    created_at_ms: int
    pattern: str
    destination_arn: str
    role_arn: str | None
    distribution: str


class SubscriptionBatch(NamedTuple):
    """The events of one put that the group's subscription filters have not looked at yet."""

    id: int
    group_id: int
    stream_id: int
    first_id: int
    last_id: int
    endpoint_url: str
    account: str
    region: str
    group_name: str


@dataclass(frozen=True, slots=True)
class Query:
    """An Insights query and what became of it; results and statistics are JSON."""

    id: str
    account: str
    region: str
    group_names: tuple[str, ...]
    text: str
    start_s: int
    end_s: int
    limit: int | None
    status: str
    created_at_ms: int
    results: str
    statistics: str


class QueryDefinition(NamedTuple):
    """A saved query."""

    id: str
    name: str
    group_names: tuple[str, ...]
    text: str
    modified_at_ms: int
