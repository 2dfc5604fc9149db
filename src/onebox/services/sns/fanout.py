"""Fan-out: one message to all subscriptions of its topic, inside the publisher's transaction.

Promises: a publish never fails for its deliveries. One that is refused (queue gone, policy denies) is counted, logged
once a minute per subscription, and set aside in the subscription's dead-letter queue if it has one.
Knows nothing of requests' validation; messages come from message.py, envelopes from envelope.py.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from onebox.errors import AwsError
from onebox.runtime.metrics import Dimensions, MetricBuffer
from onebox.services.context import RequestContext, Wire
from onebox.services.sns.directory import LiveSubscription, LiveTopic
from onebox.services.sns.envelope import lambda_event, notification
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.filter_policy import Verdict
from onebox.services.sns.limits import RAW_DELIVERY_ATTRIBUTES_MAX
from onebox.services.sns.model import Message
from onebox.services.sqs.internal import Delivery

SERVICE = "sns.amazonaws.com"
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


class Queues(Protocol):
    """What SNS needs of SQS (``sqs/internal.py``)."""

    def deliver(
        self, context: RequestContext, queue_arn: str, delivery: Delivery, *, source_service: str, source_arn: str
    ) -> None: ...

    def deliver_all(
        self,
        context: RequestContext,
        queue_arn: str,
        deliveries: Sequence[Delivery],
        *,
        source_service: str,
        source_arn: str,
    ) -> list[AwsError | None]: ...


class Functions(Protocol):
    """What SNS needs of Lambda (``lambda_/internal.py``)."""

    def invoke_async(
        self,
        context: RequestContext,
        function_arn: str,
        payload: bytes,
        *,
        source_service: str,
        source_arn: str,
    ) -> object: ...


class HttpEndpoints(Protocol):
    """What fan-out needs of http_delivery.py."""

    def send_notification(
        self,
        context: RequestContext,
        topic: LiveTopic,
        subscription: LiveSubscription,
        message: Message,
        body: str,
    ) -> None: ...


@dataclass(slots=True)
class Tally:
    """What one request's fan-out came to, for the topic's metrics."""

    published: int = 0
    sizes: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, metric: str) -> None:
        """Count one."""
        self.counts[metric] = self.counts.get(metric, 0) + 1

    def record(self, metrics: MetricBuffer, topic: LiveTopic, now_ms: int) -> None:
        """Hand all of it to CloudWatch's buffer."""
        account, region, dimensions = topic.account, topic.region, topic.metric_dimensions

        def add(name: str, unit: str, value: float, samples: int, of: Dimensions) -> None:
            metrics.add(account, region, _NAMESPACE, name, of, value, unit, now_ms, samples)

        add("NumberOfMessagesPublished", "Count", 1, self.published, dimensions)
        for size in self.sizes:
            add("PublishSize", "Bytes", size, 1, dimensions)
        for name, count in self.counts.items():
            add(name, "Count", 1, count, dimensions)


class Fanout:
    """Delivers messages to queues, functions, HTTP endpoints, and (as a log line) people."""

    def __init__(self, queues: Queues, functions: Functions, http: HttpEndpoints) -> None:
        self._queues = queues
        self._functions = functions
        self._http = http
        self._logged_minute: dict[str, int] = {}

    def send(self, context: RequestContext, topic: LiveTopic, messages: Sequence[Message], tally: Tally) -> None:
        """Deliver messages to every subscription that wants them, to each in this order."""
        if context.account != topic.account:
            # Queues and functions are asked in the name of the topic's account, whoever published.
            context = replace(context, account=topic.account)
        tally.published += len(messages)
        tally.sizes += [message.body_bytes for message in messages]
        for subscription in topic.subscriptions:
            wanted = list(_wanted(subscription, messages, tally))
            if subscription.protocol == "sqs":
                errors = self._deliver_to_queue(context, topic, subscription, subscription.endpoint, wanted)
            else:
                errors = [self._deliver(context, topic, subscription, *one) for one in wanted]
            for (message, body), error in zip(wanted, errors, strict=True):
                if error is not None:
                    self._set_aside(context, topic, subscription, message, body, tally, error)
                elif subscription.protocol not in _HTTP:  # those are counted when the endpoint has answered
                    tally.add("NumberOfNotificationsDelivered")

    def _deliver(
        self, context: RequestContext, topic: LiveTopic, subscription: LiveSubscription, message: Message, body: str
    ) -> AwsError | None:
        """Deliver one message to whoever is no queue; what refuses it, or None."""
        protocol = subscription.protocol
        try:
            if protocol == "lambda":
                event = lambda_event(
                    message,
                    body,
                    topic.arn,
                    subscription.arn,
                    context.now_ms,
                    context.endpoint_url,
                    topic.signature_version,
                )
                self._functions.invoke_async(
                    context, subscription.endpoint, event, source_service=SERVICE, source_arn=topic.arn
                )
            elif protocol in _HTTP:
                self._http.send_notification(context, topic, subscription, message, body)
            else:
                _log.info(
                    "sns: %s for %s from %s: subject %r, message %s: %s",
                    protocol,
                    subscription.endpoint,
                    topic.arn,
                    message.subject,
                    message.message_id,
                    body,
                )
        except AwsError as error:
            return error
        return None

    def _deliver_to_queue(
        self,
        context: RequestContext,
        topic: LiveTopic,
        subscription: LiveSubscription,
        queue_arn: str,
        messages: Sequence[tuple[Message, str]],
    ) -> list[AwsError | None]:
        """Deliver messages in one go; for each what refuses it, or None."""
        errors: list[AwsError | None] = []
        deliveries: list[Delivery] = []
        for message, body in messages:
            if subscription.is_raw and len(message.attributes) > RAW_DELIVERY_ATTRIBUTES_MAX:
                errors.append(InvalidParameterException("A raw message has at most 10 message attributes"))
            else:
                errors.append(None)
                deliveries.append(_as_delivery(context, topic, subscription, queue_arn, message, body))
        if not deliveries:
            return errors
        try:
            answers = iter(
                self._queues.deliver_all(context, queue_arn, deliveries, source_service=SERVICE, source_arn=topic.arn)
            )
        except AwsError as refused:
            return [error or refused for error in errors]
        return [error or next(answers) for error in errors]

    def _set_aside(
        self,
        context: RequestContext,
        topic: LiveTopic,
        subscription: LiveSubscription,
        message: Message,
        body: str,
        tally: Tally,
        error: AwsError,
    ) -> None:
        """Count a refused delivery, and keep the message in the dead-letter queue if there is one."""
        tally.add("NumberOfNotificationsFailed")
        self._log_refusal(subscription.arn, subscription.endpoint, error, context.now_ms)
        dead_letter_arn = subscription.dead_letter_arn
        if dead_letter_arn is None:
            return
        (refused,) = self._deliver_to_queue(context, topic, subscription, dead_letter_arn, [(message, body)])
        if refused is not None:
            tally.add("NumberOfNotificationsFailedToRedriveToDlq")
            self._log_refusal(dead_letter_arn, dead_letter_arn, refused, context.now_ms)
        else:
            tally.add("NumberOfNotificationsRedrivenToDlq")

    def _log_refusal(self, key: str, endpoint: str, error: AwsError, now_ms: int) -> None:
        """At most once a minute: a topic may be published to ten thousand times a second."""
        minute = now_ms // 60_000
        if self._logged_minute.get(key) != minute:
            if len(self._logged_minute) > 1_000:
                self._logged_minute.clear()
            self._logged_minute[key] = minute
            _log.warning("sns: %s refused a notification: %s: %s", endpoint, error.wire_code, error.message)


def _wanted(subscription: LiveSubscription, messages: Iterable[Message], tally: Tally) -> Iterator[tuple[Message, str]]:
    """The messages that the subscription's filter lets pass, each with its text for the protocol."""
    for message in messages:
        body = message.body_for(subscription.protocol)
        if subscription.filter_policy is not None:
            verdict = subscription.filter_policy.judge(message, body)
            if verdict is not Verdict.WANTED:
                _count_filtered(subscription, verdict, tally)
                continue
        yield message, body


def _as_delivery(
    context: RequestContext,
    topic: LiveTopic,
    subscription: LiveSubscription,
    queue_arn: str,
    message: Message,
    body: str,
) -> Delivery:
    """The message as it goes into a queue: raw, or in its envelope."""
    attributes = _NO_ATTRIBUTES
    if subscription.is_raw:
        attributes = message.attributes
    else:
        body = notification(
            message, body, topic.arn, subscription.arn, context.now_ms, context.endpoint_url, topic.signature_version
        )
    return Delivery(body, attributes, message.group_id, message.dedup_id if queue_arn.endswith(".fifo") else None)


def _count_filtered(subscription: LiveSubscription, verdict: Verdict, tally: Tally) -> None:
    """AWS counts the sum, and besides the scope or the fault that kept the message from being judged."""
    tally.add(_FILTERED_OUT)
    scope = subscription.row.attributes.get("FilterPolicyScope", "MessageAttributes")
    tally.add(f"{_FILTERED_OUT}-{_REASONS.get(verdict, scope)}")
