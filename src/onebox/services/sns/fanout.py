"""Fan-out: one message to all subscriptions of its topic, part by part, inside the transaction of whoever takes a part.

Promises: a publish never fails for its deliveries. One that is refused (queue gone, policy denies) is counted, logged
once a minute per subscription, and kept in the subscription's dead-letter queue if it has one.
Knows nothing of requests' validation; messages come from message.py, envelopes from envelope.py.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from onebox.errors import AwsError
from onebox.runtime.metrics import Dimensions, MetricBuffer
from onebox.services.context import RequestContext, Wire
from onebox.services.sns.delivery_status import (
    DeliveryStatusLog,
    accepted_by,
    describe_notification,
    refused_by,
)
from onebox.services.sns.envelope import Envelope, Origin, lambda_event
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.filter_policy import Verdict
from onebox.services.sns.http_outbox import HttpOutbox
from onebox.services.sns.limits import FILTER_TESTS_MAX, RAW_DELIVERY_ATTRIBUTES_MAX
from onebox.services.sns.model import Message
from onebox.services.sns.neighbours import SERVICE, Functions, Queues
from onebox.services.sns.signatures import Signatures
from onebox.services.sns.topic_cache import CachedSubscription, CachedTopic
from onebox.services.sqs.internal import Delivery
from onebox.storage.database import Storage

_NAMESPACE = "AWS/SNS"
_FILTERED_OUT = "NumberOfNotificationsFilteredOut"
_NO_ATTRIBUTES: Wire = {}
_HTTP = frozenset(("http", "https"))
_REASONS = {
    Verdict.NO_ATTRIBUTES: "NoMessageAttributes",
    Verdict.INVALID_ATTRIBUTES: "InvalidAttributes",
    Verdict.INVALID_BODY: "InvalidMessageBody",
}

_log = logging.getLogger("onebox.sns")

Decided: TypeAlias = dict[tuple[str, str], Verdict]
"""What filters say, by the ARN of the subscription and the id of the message."""


@dataclass(slots=True)
class PublishMetrics:
    """The outcomes of one request's fan-out, for the topic's metrics."""

    published: int = 0
    sizes: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, metric: str, count: int = 1) -> None:
        """Count one, or more."""
        self.counts[metric] = self.counts.get(metric, 0) + count

    def record(self, storage: Storage, metrics: MetricBuffer, topic: CachedTopic, now_ms: int) -> None:
        """Add all of it to CloudWatch's buffer once the publish is on disk: what is undone is not counted."""
        storage.after_commit(partial(self._add_all, metrics, topic, now_ms), patient=True)

    def _add_all(self, metrics: MetricBuffer, topic: CachedTopic, now_ms: int) -> None:
        account, region, dimensions = topic.account, topic.region, topic.metric_dimensions

        def add(name: str, unit: str, value: float, samples: int, of: Dimensions) -> None:
            metrics.add(
                account=account,
                region=region,
                namespace=_NAMESPACE,
                name=name,
                dimensions=of,
                value=value,
                unit=unit,
                now_ms=now_ms,
                samples=samples,
            )

        add("NumberOfMessagesPublished", "Count", 1, self.published, dimensions)
        metrics.add_all(
            account=account,
            region=region,
            namespace=_NAMESPACE,
            name="PublishSize",
            dimensions=dimensions,
            values=self.sizes,
            unit="Bytes",
            now_ms=now_ms,
        )
        for name, count in self.counts.items():
            add(name, "Count", 1, count, dimensions)


@dataclass(frozen=True, slots=True)
class _Publication:
    """What all deliveries of one request share."""

    context: RequestContext
    topic: CachedTopic
    origin: Origin
    metrics: PublishMetrics
    decided: Decided


class Fanout:
    """Delivers messages to queues, functions, HTTP endpoints, and (as a log line) people."""

    def __init__(
        self,
        queues: Queues,
        functions: Functions,
        http: HttpOutbox,
        status_log: DeliveryStatusLog,
        signatures: Signatures,
    ) -> None:
        self._queues = queues
        self._functions = functions
        self._http = http
        self._status_log = status_log
        self._signatures = signatures
        self._logged_minute: dict[str, int] = {}

    def decide(self, topic: CachedTopic, messages: Sequence[Message], decided: Decided) -> Iterator[None]:
        """Find out before :meth:`send` what the filters say that may take long: one filter and message at each step."""
        for subscription in topic.subscriptions.all():
            policy = subscription.filter_policy
            if policy is not None and policy.is_costly:
                for message in messages:
                    verdict = policy.decide(message, message.body_for(subscription.protocol))
                    decided[subscription.arn, message.message_id] = verdict
                    yield

    def send(
        self,
        context: RequestContext,
        topic: CachedTopic,
        messages: Sequence[Message],
        metrics: PublishMetrics,
        decided: Decided | None = None,
    ) -> Iterator[None]:
        """Deliver messages to every subscription whose filter accepts them, to each in this order: a part at each step,
        inside the transaction of whoever takes the step. ``decided`` is what :meth:`decide` found."""
        if context.account != topic.account:
            # Queues and functions are asked in the name of the topic's account, not the publisher's.
            context = replace(context, account=topic.account)
        metrics.published += len(messages)
        metrics.sizes += [message.body_bytes for message in messages]
        signer = self._signatures.signer() if topic.signs else None
        origin = Origin(topic.arn, context.now_ms, context.endpoint_url, topic.signature_version, signer)
        publication = _Publication(context, topic, origin, metrics, decided or {})
        for subscription, part in _parts(topic, messages):
            accepted = self._filter(publication, subscription, part)
            outcomes: Sequence[AwsError | str | None]
            if subscription.protocol == "sqs":
                outcomes = self._deliver_to_queue(publication, subscription, subscription.endpoint, accepted)
            else:
                outcomes = [self._deliver(publication, subscription, *one) for one in accepted]
            self._settle(publication, subscription, accepted, outcomes)
            yield

    def send_all(
        self,
        context: RequestContext,
        topic: CachedTopic,
        messages: Sequence[Message],
        metrics: PublishMetrics,
        decided: Decided | None = None,
    ) -> None:
        """The same, all parts at once."""
        for _ in self.send(context, topic, messages, metrics, decided):
            pass

    def _filter(
        self, publication: _Publication, subscription: CachedSubscription, messages: Sequence[Message]
    ) -> list[tuple[Message, str]]:
        """The messages that the subscription's filter accepts, each with its text for the protocol."""
        texts = [(message, message.body_for(subscription.protocol)) for message in messages]
        if subscription.filter_policy is None:
            return texts
        accepted = []
        for message, body in texts:
            verdict = publication.decided.get((subscription.arn, message.message_id))
            if verdict is None:
                verdict = subscription.filter_policy.decide(message, body)
            if verdict is Verdict.ACCEPTED:
                accepted.append((message, body))
                continue
            _count_filtered(subscription, verdict, publication.metrics)
            if verdict is Verdict.TOO_MANY_TESTS and self._may_log(subscription.arn, publication.context.now_ms):
                _log.warning(
                    "sns: the filter of %s filtered out message %s: it needs more than %d tests",
                    *(subscription.arn, message.message_id, FILTER_TESTS_MAX),
                )
        return accepted

    def _settle(
        self,
        publication: _Publication,
        subscription: CachedSubscription,
        accepted: Sequence[tuple[Message, str]],
        outcomes: Sequence[AwsError | str | None],
    ) -> None:
        """Count, log and keep what became of the deliveries to one subscription."""
        wants_status = subscription.protocol in publication.topic.feedback
        delivered = 0
        for (message, body), outcome in zip(accepted, outcomes, strict=True):
            if wants_status:
                self._log_status(publication, subscription, message, body, outcome)
            if isinstance(outcome, AwsError):
                self._send_to_dead_letters(publication, subscription, message, body, outcome)
            else:
                delivered += 1
        if delivered and subscription.protocol not in _HTTP:  # those are counted when the endpoint has answered
            publication.metrics.add("NumberOfNotificationsDelivered", delivered)

    def _deliver(
        self, publication: _Publication, subscription: CachedSubscription, message: Message, body: str
    ) -> AwsError | str | None:
        """Deliver one message to a function, an HTTP endpoint or a person; the error it is refused with, or the
        request id of the function's event."""
        protocol, topic, context = subscription.protocol, publication.topic, publication.context
        try:
            if protocol == "lambda":
                event = lambda_event(message, body, publication.origin, subscription.arn)
                return self._functions.invoke_async(
                    context, subscription.endpoint, event, source_service=SERVICE, source_arn=topic.arn
                )
            elif protocol in _HTTP:
                self._http.send_notification(context, topic, subscription, message, body)
            else:
                _log.info(
                    "sns: %s for %s from %s: subject %r, message %s: %s",
                    *(protocol, subscription.endpoint, topic.arn, message.subject, message.message_id, body),
                )
        except AwsError as error:
            return error
        return None

    def _log_status(
        self,
        publication: _Publication,
        subscription: CachedSubscription,
        message: Message,
        body: str,
        outcome: AwsError | str | None,
    ) -> None:
        """Log what SQS or Lambda answered; what an HTTP endpoint answers is logged when it has."""
        protocol, endpoint = subscription.protocol, subscription.endpoint
        if isinstance(outcome, AwsError):
            result = refused_by(protocol, endpoint, outcome)
        elif protocol in _HTTP:
            return
        else:
            result = accepted_by(protocol, endpoint, outcome or publication.context.request_id)
        topic, context = publication.topic, publication.context
        notification = describe_notification(message.message_id, topic.arn, body, context.now_ms)
        self._status_log.record(context, topic, protocol, notification, result)

    def _deliver_to_queue(
        self,
        publication: _Publication,
        subscription: CachedSubscription,
        queue_arn: str,
        messages: Sequence[tuple[Message, str]],
    ) -> list[AwsError | None]:
        """Deliver messages together; for each the error it is refused with, or None."""
        errors: list[AwsError | None] = []
        deliveries: list[Delivery] = []
        envelope = None if subscription.is_raw else Envelope(publication.origin, subscription.arn)
        is_fifo = queue_arn.endswith(".fifo")
        for message, body in messages:
            if subscription.is_raw and len(message.attributes) > RAW_DELIVERY_ATTRIBUTES_MAX:
                errors.append(InvalidParameterException("A raw message has at most 10 message attributes"))
            else:
                errors.append(None)
                deliveries.append(_make_delivery(envelope, message, body, is_fifo=is_fifo))
        if not deliveries:
            return errors
        try:
            answers = iter(
                self._queues.deliver_all(
                    publication.context,
                    queue_arn,
                    deliveries,
                    source_service=SERVICE,
                    source_arn=publication.topic.arn,
                )
            )
        except AwsError as refused:
            return [error or refused for error in errors]
        return [error or next(answers) for error in errors]

    def _send_to_dead_letters(
        self,
        publication: _Publication,
        subscription: CachedSubscription,
        message: Message,
        body: str,
        error: AwsError,
    ) -> None:
        """Count a refused delivery, and keep the message in the dead-letter queue if there is one."""
        metrics, now_ms = publication.metrics, publication.context.now_ms
        metrics.add("NumberOfNotificationsFailed")
        self._log_refusal(subscription.arn, subscription.endpoint, error, now_ms)
        dead_letter_arn = subscription.dead_letter_arn
        if dead_letter_arn is None:
            return
        (refused,) = self._deliver_to_queue(publication, subscription, dead_letter_arn, [(message, body)])
        if refused is not None:
            metrics.add("NumberOfNotificationsFailedToRedriveToDlq")
            self._log_refusal(dead_letter_arn, dead_letter_arn, refused, now_ms)
        else:
            metrics.add("NumberOfNotificationsRedrivenToDlq")

    def _log_refusal(self, key: str, endpoint: str, error: AwsError, now_ms: int) -> None:
        if self._may_log(key, now_ms):
            _log.warning("sns: %s refused a notification: %s: %s", endpoint, error.wire_code, error.message)

    def _may_log(self, key: str, now_ms: int) -> bool:
        """At most once a minute: a topic may be published to ten thousand times a second."""
        minute = now_ms // 60_000
        if self._logged_minute.get(key) == minute:
            return False
        if len(self._logged_minute) > 1_000:
            self._logged_minute.clear()
        self._logged_minute[key] = minute
        return True


def _parts(topic: CachedTopic, messages: Sequence[Message]) -> Iterator[tuple[CachedSubscription, Sequence[Message]]]:
    """What goes to a subscription together: all messages, or one after the other where the filter takes long."""
    for subscription in topic.subscriptions.all():
        policy = subscription.filter_policy
        if policy is None or not policy.is_costly:
            yield subscription, messages
        else:
            for message in messages:
                yield subscription, (message,)


def _make_delivery(envelope: Envelope | None, message: Message, body: str, *, is_fifo: bool) -> Delivery:
    """The message as it goes into a queue: raw, or in its envelope."""
    # A FIFO topic keeps its groups from standard queues; a standard topic passes a fair queue's group on.
    group_id = message.group_id if is_fifo or message.sequence is None else None
    dedup_id = message.dedup_id if is_fifo else None
    if envelope is None:
        return Delivery(body, message.attributes, group_id, dedup_id)
    return Delivery(envelope.wrap(message, body), _NO_ATTRIBUTES, group_id, dedup_id)


def _count_filtered(subscription: CachedSubscription, verdict: Verdict, metrics: PublishMetrics) -> None:
    """AWS counts the sum, and besides the scope or the fault that kept the message from being judged."""
    metrics.add(_FILTERED_OUT)
    scope = subscription.row.attributes.get("FilterPolicyScope", "MessageAttributes")
    if verdict is Verdict.TOO_MANY_TESTS:
        verdict = Verdict.INVALID_BODY if scope == "MessageBody" else Verdict.INVALID_ATTRIBUTES
    metrics.add(f"{_FILTERED_OUT}-{_REASONS.get(verdict, scope)}")
