"""A cache of the topics in use, kept in memory with their policies and filters compiled.

Promises: :meth:`TopicCache.find` never shows a topic older than its last change: every operation that changes a topic
or one of its subscriptions calls :meth:`TopicCache.forget` after it wrote. So a publish to a standard topic reads no
table of SNS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from onebox.services.iam.policy import Statement, compile_policy
from onebox.services.sns.feedback import Feedback, compile_feedback
from onebox.services.sns.filter_policy import FilterPolicy, parse_filter_policy
from onebox.services.sns.limits import MESSAGE_BYTES_DEFAULT
from onebox.services.sns.model import Subscription, Topic
from onebox.services.sns.store.subscriptions import SubscriptionStore
from onebox.services.sns.store.topics import TopicStore

_TOPICS_REMEMBERED_MAX = 1_000


class CachedSubscription:
    """A confirmed subscription, ready to be delivered to."""

    __slots__ = ("_filter_policy", "_is_compiled", "arn", "endpoint", "is_raw", "protocol", "row")

    def __init__(self, row: Subscription) -> None:
        self.row = row
        self.arn = row.arn
        self.protocol = row.protocol
        self.endpoint = row.endpoint
        self.is_raw = row.is_raw
        self._filter_policy: FilterPolicy | None = None
        self._is_compiled = not row.attributes.get("FilterPolicy")

    @property
    def filter_policy(self) -> FilterPolicy | None:
        """The filter, compiled at its first use: a topic may have thousands of them."""
        if not self._is_compiled:
            attributes = self.row.attributes
            scope = attributes.get("FilterPolicyScope", "MessageAttributes")
            self._filter_policy = parse_filter_policy(attributes["FilterPolicy"], scope)
            self._is_compiled = True
        return self._filter_policy

    @property
    def dead_letter_arn(self) -> str | None:
        """Where refused messages go."""
        redrive = self.row.attributes.get("RedrivePolicy")
        return json.loads(redrive)["deadLetterTargetArn"] if redrive else None


class CachedSubscriptions:
    """A topic's confirmed subscriptions, read at their first use: there may be thousands, and only a publish needs
    them."""

    __slots__ = ("_found", "_read")

    def __init__(self, read: Callable[[], list[Subscription]]) -> None:
        self._read = read
        self._found: tuple[CachedSubscription, ...] | None = None

    def all(self) -> tuple[CachedSubscription, ...]:
        """All of them, the oldest first."""
        if self._found is None:
            self._found = tuple(CachedSubscription(row) for row in self._read())
        return self._found


@dataclass(frozen=True, slots=True)
class CachedTopic:
    """A topic, ready to be published to. ``statements`` is None for AWS's default policy."""

    row: Topic
    arn: str
    account: str
    region: str
    is_fifo: bool
    deduplicates_content: bool
    deduplicates_by_group: bool
    signature_version: str
    signs: bool
    """Whether what goes to queues and functions is signed: where SignatureVersion was set."""
    max_message_bytes: int
    metric_dimensions: tuple[tuple[str, str], ...]
    statements: tuple[Statement, ...] | None
    feedback: dict[str, Feedback]
    subscriptions: CachedSubscriptions


class TopicCache:
    """Live topics by ARN."""

    def __init__(self, topics: TopicStore, subscriptions: SubscriptionStore) -> None:
        self._store = topics
        self._subscriptions = subscriptions
        self._topics: dict[str, CachedTopic] = {}

    def find(self, topic_arn: str) -> CachedTopic | None:
        """The topic, from memory or from the database."""
        cached = self._topics.get(topic_arn)
        if cached is not None:
            return cached
        topic = self._store.find(topic_arn)
        if topic is None:
            return None
        if len(self._topics) >= _TOPICS_REMEMBERED_MAX:
            self._topics.clear()
        cached = self._topics[topic_arn] = _compile_topic(
            topic, CachedSubscriptions(partial(self._subscriptions.list_confirmed, topic_arn))
        )
        return cached

    def forget(self, topic_arn: str) -> None:
        """Read the topic again at its next use."""
        self._topics.pop(topic_arn, None)


def _compile_topic(topic: Topic, subscriptions: CachedSubscriptions) -> CachedTopic:
    attributes = topic.attributes
    policy = attributes.get("Policy")
    return CachedTopic(
        row=topic,
        arn=topic.arn,
        account=topic.account,
        region=topic.region,
        is_fifo=topic.is_fifo,
        deduplicates_content=attributes.get("ContentBasedDeduplication") == "true",
        deduplicates_by_group=attributes.get("FifoThroughputScope") == "MessageGroup",
        signature_version="" if topic.is_fifo else attributes.get("SignatureVersion", "1"),
        signs=not topic.is_fifo and "SignatureVersion" in attributes,
        max_message_bytes=int(attributes.get("MaximumMessageSize", MESSAGE_BYTES_DEFAULT)),
        metric_dimensions=(("TopicName", topic.name),),
        statements=compile_policy(policy) if policy else None,
        feedback=compile_feedback(attributes),
        subscriptions=subscriptions,
    )
