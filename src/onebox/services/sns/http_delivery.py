"""Notifications to HTTP and HTTPS endpoints: stored with the publish, sent in the background, retried, set aside.

Promises: what was accepted is sent at least once or ends in the dead-letter queue (or, without one, in a log line),
through restarts as well; an answer of 2xx ends a delivery, one of 4xx except 429 fails it for good, all else is tried
again as the delivery policy says.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import asyncio
import logging

from onebox.arn import make_arn
from onebox.clock import Timer
from onebox.errors import AwsError
from onebox.services.context import Deps, Principal, RequestContext
from onebox.services.sns.delivery_policy import DEFAULT_CONTENT_TYPE, effective_subscription_policy, retry_delay_s
from onebox.services.sns.directory import LiveSubscription, LiveTopic
from onebox.services.sns.envelope import confirmation, notification
from onebox.services.sns.fanout import SERVICE, Queues
from onebox.services.sns.http_client import post
from onebox.services.sns.http_store import HttpDelivery, HttpStore, Redrive
from onebox.services.sns.model import Message, Subscription
from onebox.services.sqs.internal import Delivery

_UNDERWAY_MAX = 16
_ANSWER_TIMEOUT_S = 15.0
_AGENT = "Amazon Simple Notification Service Agent"

_log = logging.getLogger("onebox.sns")


class HttpDeliveries:
    """The deliveries of all topics."""

    def __init__(self, deps: Deps, queues: Queues) -> None:
        self._deps = deps
        self._queues = queues
        self._store = HttpStore(deps.storage)
        self._underway: dict[int, asyncio.Task[None]] = {}
        self._timer: Timer | None = None
        self._running = False

    async def start(self) -> None:
        """Take up what a former run left."""
        self._running = True
        self._pump()

    async def stop(self) -> None:
        """End; what was under way is sent again after the next start."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._underway.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send_notification(
        self,
        context: RequestContext,
        topic: LiveTopic,
        subscription: LiveSubscription,
        message: Message,
        body: str,
    ) -> None:
        """Store one notification for its endpoint."""
        attributes = message.attributes if subscription.is_raw else {}
        if not subscription.is_raw:
            body = notification(
                message,
                body,
                topic.arn,
                subscription.arn,
                context.now_ms,
                context.endpoint_url,
                topic.signature_version,
            )
        policy = effective_subscription_policy(
            topic.row.attributes.get("DeliveryPolicy"), subscription.row.attributes.get("DeliveryPolicy")
        )
        headers = _headers("Notification", message.message_id, topic.arn, subscription.arn)
        headers["Content-Type"] = policy["requestPolicy"].get("headerContentType") or DEFAULT_CONTENT_TYPE
        if subscription.is_raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        dead_letter_arn = subscription.dead_letter_arn
        redrive = Redrive(dead_letter_arn, body, attributes) if dead_letter_arn else None
        delivery = HttpDelivery(
            topic.account,
            topic.region,
            topic.arn,
            "Notification",
            subscription.endpoint,
            headers,
            body,
            policy["healthyRetryPolicy"],
            redrive,
            context.now_ms,
        )
        self._accept(delivery)

    def send_confirmation(self, context: RequestContext, topic: LiveTopic, subscription: Subscription) -> None:
        """Store the request that asks the endpoint to confirm its subscription."""
        assert subscription.token is not None
        message_id = self._deps.ids.uuid()
        body = confirmation(
            topic.arn,
            subscription.token,
            message_id,
            context.now_ms,
            context.endpoint_url,
            topic.signature_version,
        )
        policy = effective_subscription_policy(topic.row.attributes.get("DeliveryPolicy"), None)
        delivery = HttpDelivery(
            topic.account,
            topic.region,
            topic.arn,
            "SubscriptionConfirmation",
            subscription.endpoint,
            _headers("SubscriptionConfirmation", message_id, topic.arn, None),
            body,
            policy["healthyRetryPolicy"],
            None,
            context.now_ms,
        )
        self._accept(delivery)

    def _accept(self, delivery: HttpDelivery) -> None:
        self._store.insert(delivery)
        self._deps.storage.after_commit(self._pump)

    def _pump(self) -> None:
        """Start what is due, as far as there is room, and wake up for what is due next."""
        if not self._running:
            return
        now_ms = self._deps.clock.now_ms()
        room = _UNDERWAY_MAX - len(self._underway)
        if room > 0:
            for delivery in self._store.list_due(now_ms, list(self._underway), room):
                self._underway[delivery.id] = asyncio.get_running_loop().create_task(self._send(delivery))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_at_ms = self._store.next_due_at_ms(now_ms)
        if next_at_ms is not None:
            self._timer = self._deps.clock.call_at(next_at_ms, self._pump)

    async def _send(self, delivery: HttpDelivery) -> None:
        try:
            refusal = await _attempt(delivery)
            await self._deps.storage.write(lambda: self._settle(delivery, refusal))
        except Exception:  # noqa: BLE001 - the edge of a background task
            _log.exception("sns: delivery %d to %s is given up until the next start", delivery.id, delivery.url)
            return
        del self._underway[delivery.id]
        self._pump()

    def _settle(self, delivery: HttpDelivery, refusal: tuple[str, bool] | None) -> None:
        """Write down the outcome of an attempt; ``refusal`` is its reason, and whether to try again."""
        now_ms = self._deps.clock.now_ms()
        if refusal is None:
            self._store.delete(delivery.id)
            self._count(delivery, "NumberOfNotificationsDelivered", now_ms)
            return
        reason, retryable = refusal
        delay_s = retry_delay_s(delivery.retries, delivery.attempts + 1) if retryable else None
        if delay_s is not None:
            self._store.postpone(delivery.id, now_ms + int(delay_s * 1000))
            return
        self._store.delete(delivery.id)
        self._count(delivery, "NumberOfNotificationsFailed", now_ms)
        attempts = delivery.attempts + 1
        _log.warning("sns: %s refused a notification %d times, last: %s", delivery.url, attempts, reason)
        if delivery.redrive is not None:
            self._set_aside(delivery, delivery.redrive, now_ms)

    def _set_aside(self, delivery: HttpDelivery, redrive: Redrive, now_ms: int) -> None:
        try:
            self._queues.deliver(
                self._context(delivery, now_ms),
                redrive.queue_arn,
                Delivery(redrive.body, redrive.attributes),
                source_service=SERVICE,
                source_arn=delivery.topic_arn,
            )
        except AwsError as error:
            self._count(delivery, "NumberOfNotificationsFailedToRedriveToDlq", now_ms)
            _log.warning("sns: %s refused: %s: %s", redrive.queue_arn, error.wire_code, error.message)
        else:
            self._count(delivery, "NumberOfNotificationsRedrivenToDlq", now_ms)

    def _context(self, delivery: HttpDelivery, now_ms: int) -> RequestContext:
        root = make_arn("iam", "", delivery.account, "root", partition_region=delivery.region)
        principal = Principal(delivery.account, root, delivery.account)
        request_id = self._deps.ids.uuid()
        return RequestContext(delivery.account, delivery.region, principal, now_ms, request_id, "")

    def _count(self, delivery: HttpDelivery, metric: str, now_ms: int) -> None:
        if delivery.message_type != "Notification":
            return
        dimensions = (("TopicName", delivery.topic_arn.rpartition(":")[2]),)
        self._deps.metrics.add(delivery.account, delivery.region, "AWS/SNS", metric, dimensions, 1, "Count", now_ms)


async def _attempt(delivery: HttpDelivery) -> tuple[str, bool] | None:
    """None if the endpoint accepted; else the reason, and whether another attempt may help."""
    try:
        status = await post(delivery.url, delivery.headers, delivery.body.encode(), _ANSWER_TIMEOUT_S)
    except OSError as error:
        return str(error), True
    if 200 <= status < 300:
        return None
    return f"status {status}", not 400 <= status < 500 or status == 429


def _headers(message_type: str, message_id: str, topic_arn: str, subscription_arn: str | None) -> dict[str, str]:
    headers = {
        "x-amz-sns-message-type": message_type,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic_arn,
        "Content-Type": DEFAULT_CONTENT_TYPE,
        "User-Agent": _AGENT,
        "Accept-Encoding": "gzip,deflate",
    }
    if subscription_arn is not None:
        headers["x-amz-sns-subscription-arn"] = subscription_arn
    return headers
