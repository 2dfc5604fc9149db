"""Requests to HTTP and HTTPS endpoints, stored with the publish; ``background/http_sender.py`` sends them.

AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.services.context import RequestContext
from onebox.services.sns.delivery_policy import DEFAULT_CONTENT_TYPE, effective_subscription_policy
from onebox.services.sns.delivery_status import describe_notification
from onebox.services.sns.envelope import Origin, confirmation, notification
from onebox.services.sns.model import HttpDelivery, Message, Redrive, Subscription
from onebox.services.sns.signatures import Signatures
from onebox.services.sns.store.http_deliveries import HttpDeliveryStore
from onebox.services.sns.topic_cache import CachedSubscription, CachedTopic
from onebox.storage.database import Storage

_AGENT = "Amazon Simple Notification Service Agent"


class HttpOutbox:
    """Accepts requests to endpoints."""

    def __init__(
        self, storage: Storage, store: HttpDeliveryStore, ids: Ids, clock: Clock, signatures: Signatures
    ) -> None:
        self._storage = storage
        self._store = store
        self._ids = ids
        self._clock = clock
        self._signatures = signatures
        self._on_accepted: Callable[[], None] | None = None

    def watch(self, on_accepted: Callable[[], None]) -> None:
        """Have ``on_accepted`` called after the commit of each accepted request."""
        self._on_accepted = on_accepted

    def send_notification(
        self,
        context: RequestContext,
        topic: CachedTopic,
        subscription: CachedSubscription,
        message: Message,
        body: str,
    ) -> None:
        """Accept one notification for its endpoint."""
        attributes = message.attributes if subscription.is_raw else {}
        described = None
        if subscription.protocol in topic.feedback:
            described = describe_notification(message.message_id, topic.arn, body, context.now_ms)
        if not subscription.is_raw:
            body = notification(message, body, self._origin(context, topic), subscription.arn)
        policy = effective_subscription_policy(
            topic.row.attributes.get("DeliveryPolicy"), subscription.row.attributes.get("DeliveryPolicy")
        )
        headers = _headers("Notification", message.message_id, topic.arn, subscription.arn)
        headers["Content-Type"] = policy["requestPolicy"].get("headerContentType") or DEFAULT_CONTENT_TYPE
        if subscription.is_raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        dead_letter_arn = subscription.dead_letter_arn
        self._accept(
            HttpDelivery(
                account=topic.account,
                region=topic.region,
                topic_arn=topic.arn,
                message_type="Notification",
                url=subscription.endpoint,
                headers=headers,
                body=body,
                retries=policy["healthyRetryPolicy"],
                redrive=Redrive(dead_letter_arn, body, attributes) if dead_letter_arn else None,
                due_at_ms=self._clock.steady_ms(),
                described=described,
            )
        )

    def send_confirmation(self, context: RequestContext, topic: CachedTopic, subscription: Subscription) -> None:
        """Accept the request that asks the endpoint to confirm its subscription."""
        assert subscription.token is not None
        message_id = self._ids.uuid()
        policy = effective_subscription_policy(topic.row.attributes.get("DeliveryPolicy"), None)
        self._accept(
            HttpDelivery(
                account=topic.account,
                region=topic.region,
                topic_arn=topic.arn,
                message_type="SubscriptionConfirmation",
                url=subscription.endpoint,
                headers=_headers("SubscriptionConfirmation", message_id, topic.arn, None),
                body=confirmation(self._origin(context, topic), subscription.token, message_id),
                retries=policy["healthyRetryPolicy"],
                redrive=None,
                due_at_ms=self._clock.steady_ms(),
            )
        )

    def _origin(self, context: RequestContext, topic: CachedTopic) -> Origin:
        # FIFO topics have no HTTP endpoints, so that there is always a version.
        return Origin(
            topic_arn=topic.arn,
            now_ms=context.now_ms,
            endpoint_url=context.endpoint_url,
            signature_version=topic.signature_version,
            signer=self._signatures.signer(),
        )

    def _accept(self, delivery: HttpDelivery) -> None:
        self._store.insert(delivery)
        if self._on_accepted is not None:
            self._storage.after_commit(self._on_accepted)


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
