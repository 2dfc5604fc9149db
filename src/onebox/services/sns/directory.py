"""The topics in use, kept in memory with their policies and filters compiled.

Promises: :meth:`TopicDirectory.find` never shows a topic older than its last change; every operation that changes a
topic or one of its subscriptions calls :meth:`TopicDirectory.forget` after it wrote.
A publish thus reads no table of SNS at all, unless the topic is FIFO.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from onebox.services.iam.policy import Statement, compile_policy
from onebox.services.sns.filter_policy import FilterPolicy, parse_filter_policy
from onebox.services.sns.limits import MESSAGE_BYTES_DEFAULT
from onebox.services.sns.model import Subscription, Topic
from onebox.services.sns.store import SnsStore

_TOPICS_REMEMBERED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class LiveSubscription:
    """A confirmed subscription, ready to be delivered to."""

    row: Subscription
    arn: str
    protocol: str
    endpoint: str
    is_raw: bool
    filter_policy: FilterPolicy | None
    dead_letter_arn: str | None


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """A topic, ready to be published to. ``statements`` is None for AWS's default policy."""

    row: Topic
    arn: str
    account: str
    region: str
    is_fifo: bool
    deduplicates_content: bool
    deduplicates_by_group: bool
    signature_version: str
    max_message_bytes: int
    metric_dimensions: tuple[tuple[str, str], ...]
    statements: tuple[Statement, ...] | None
    subscriptions: tuple[LiveSubscription, ...]


class TopicDirectory:
    """Live topics by ARN."""

    def __init__(self, store: SnsStore) -> None:
        self._store = store
        self._topics: dict[str, LiveTopic] = {}

    def find(self, topic_arn: str) -> LiveTopic | None:
        """The topic, from memory or from the database."""
        live = self._topics.get(topic_arn)
        if live is not None:
            return live
        topic = self._store.find_topic(topic_arn)
        if topic is None:
            return None
        if len(self._topics) >= _TOPICS_REMEMBERED_MAX:
            self._topics.clear()
        live = self._topics[topic_arn] = _live_topic(topic, self._store.list_confirmed(topic_arn))
        return live

    def forget(self, topic_arn: str) -> None:
        """Read the topic anew at its next use."""
        self._topics.pop(topic_arn, None)


def _live_topic(topic: Topic, subscriptions: list[Subscription]) -> LiveTopic:
    attributes = topic.attributes
    policy = attributes.get("Policy")
    return LiveTopic(
        row=topic,
        arn=topic.arn,
        account=topic.account,
        region=topic.region,
        is_fifo=topic.is_fifo,
        deduplicates_content=attributes.get("ContentBasedDeduplication") == "true",
        deduplicates_by_group=attributes.get("FifoThroughputScope") == "MessageGroup",
        signature_version="" if topic.is_fifo else attributes.get("SignatureVersion", "1"),
        max_message_bytes=int(attributes.get("MaximumMessageSize", MESSAGE_BYTES_DEFAULT)),
        metric_dimensions=(("TopicName", topic.name),),
        statements=compile_policy(policy) if policy else None,
        subscriptions=tuple(_live_subscription(subscription) for subscription in subscriptions),
    )


def _live_subscription(subscription: Subscription) -> LiveSubscription:
    attributes = subscription.attributes
    filter_policy = attributes.get("FilterPolicy")
    redrive = attributes.get("RedrivePolicy")
    scope = attributes.get("FilterPolicyScope", "MessageAttributes")
    return LiveSubscription(
        row=subscription,
        arn=subscription.arn,
        protocol=subscription.protocol,
        endpoint=subscription.endpoint,
        is_raw=subscription.is_raw,
        filter_policy=parse_filter_policy(filter_policy, scope) if filter_policy else None,
        dead_letter_arn=json.loads(redrive)["deadLetterTargetArn"] if redrive else None,
    )
