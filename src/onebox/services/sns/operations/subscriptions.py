"""Subscriptions: subscribe, confirm, end, list, attributes."""

from __future__ import annotations

import logging
import re

from onebox.arn import find_arn
from onebox.services.context import ANONYMOUS, RequestContext, Wire
from onebox.services.paging import make_token, read_token
from onebox.services.sns.booleans import normalize
from onebox.services.sns.condition_keys import subscription_keys
from onebox.services.sns.core import Core
from onebox.services.sns.envelope import Origin, confirmation, confirmation_url
from onebox.services.sns.errors import (
    AuthorizationErrorException,
    InvalidParameterException,
    NotFoundException,
    SubscriptionLimitExceededException,
)
from onebox.services.sns.limits import (
    CONFIRMATION_TOKEN_MS,
    FIFO_SUBSCRIPTIONS_MAX,
    LARGE_MESSAGE_PROTOCOLS,
    MESSAGE_BYTES_DEFAULT,
    PAGE_ITEMS,
)
from onebox.services.sns.model import Subscription
from onebox.services.sns.neighbours import SERVICE
from onebox.services.sns.operations.paging import invalid_token
from onebox.services.sns.subscription_attributes import (
    ON_SET,
    ON_SUBSCRIBE,
    check_endpoint,
    check_subscription_attributes,
    is_same_subscription,
    shown_subscription_attributes,
)
from onebox.services.sns.topic_access import check_topic_arn, load_topic
from onebox.services.sns.topic_cache import CachedTopic
from onebox.services.sqs.internal import Delivery

_PENDING = "pending confirmation"
_TOKEN = re.compile(r"[0-9a-f]{64,512}")
_TOKEN_CHARACTERS = 256

_log = logging.getLogger("onebox.sns")


async def subscribe(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Subscribe an endpoint. Queues and functions of the caller are confirmed at once, others asked to confirm."""
    if request["Protocol"] in ("http", "https"):
        await core.signatures.prepare()
    return await core.storage.write(lambda: _subscribe(core, context, request))


def _subscribe(core: Core, context: RequestContext, request: Wire) -> Wire:
    topic = load_topic(core.cache, context, request["TopicArn"], "Subscribe", subscription_keys(request))
    protocol, endpoint = request["Protocol"], request.get("Endpoint", "")
    given = normalize(request.get("Attributes") or {})
    attributes = {key: value for key, value in given.items() if value}
    check_endpoint(topic.row, protocol, endpoint)
    check_subscription_attributes(topic.row, protocol, endpoint, given, ON_SUBSCRIBE)
    _check_message_size(topic, protocol)
    subscription = core.subscriptions.find_of(topic.arn, protocol, endpoint)
    if subscription is None:
        if topic.is_fifo and len(topic.subscriptions.all()) >= FIFO_SUBSCRIPTIONS_MAX:
            raise SubscriptionLimitExceededException(
                f"Subscription limit exceeded: a FIFO topic has {FIFO_SUBSCRIPTIONS_MAX} subscriptions at most"
            )
        subscription = _new_subscription(
            core, context, topic, protocol=protocol, endpoint=endpoint, attributes=attributes
        )
        core.subscriptions.insert(subscription)
        core.cache.forget(topic.arn)
    elif not is_same_subscription(subscription.attributes, attributes):
        raise InvalidParameterException(
            "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
        )
    if not subscription.is_pending:
        return {"SubscriptionArn": subscription.arn}
    _ask_to_confirm(core, context, topic, subscription)
    return {"SubscriptionArn": subscription.arn if request.get("ReturnSubscriptionArn") else _PENDING}


def confirm_subscription(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Confirm a pending subscription by the token its endpoint received; following the link suffices."""
    is_anonymous = context.principal is ANONYMOUS
    if not is_anonymous:
        check_topic_arn(context, request["TopicArn"])
    token = request["Token"]
    if not _TOKEN.fullmatch(token):
        raise InvalidParameterException("Invalid token")
    subscription = core.subscriptions.find_by_token(token)
    if subscription is None or subscription.topic_arn != request["TopicArn"]:
        raise InvalidParameterException("Invalid parameter: Token")
    if subscription.is_pending:
        if core.clock.trusted_ms() > subscription.created_at_ms + CONFIRMATION_TOKEN_MS:
            raise InvalidParameterException("Invalid parameter: Token")
        owner_only = not is_anonymous and request.get("AuthenticateOnUnsubscribe") == "true"
        core.subscriptions.confirm(subscription.arn, authenticated=not is_anonymous, owner_only_unsubscribes=owner_only)
        core.cache.forget(subscription.topic_arn)
    return {"SubscriptionArn": subscription.arn}


def unsubscribe(core: Core, context: RequestContext, request: Wire) -> Wire:
    """End a subscription; one that is not there is a success too. The link in a notification does it for anyone,
    unless the confirmation asked for a signature."""
    subscription = _find_subscription(core, context, request["SubscriptionArn"])
    if subscription is None and request["SubscriptionArn"].count(":") < 6:
        raise InvalidParameterException("Invalid parameter: SubscriptionId")
    if subscription is not None:
        if subscription.owner_only_unsubscribes:
            _check_owner(context, subscription, "Unsubscribe")
        core.subscriptions.delete(subscription)
        core.cache.forget(subscription.topic_arn)
    return {}


def list_subscriptions(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's subscriptions in the region, 100 a page."""
    after_id = _read_token(request)
    return _page(core.subscriptions.list_of_account(context.account, context.region, after_id, PAGE_ITEMS + 1))


def list_subscriptions_by_topic(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A topic's subscriptions, 100 a page."""
    topic = load_topic(core.cache, context, request["TopicArn"], "ListSubscriptionsByTopic")
    after_id = _read_token(request)
    return _page(core.subscriptions.list_of_topic(topic.arn, after_id, PAGE_ITEMS + 1))


def get_subscription_attributes(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All attributes of a subscription."""
    subscription = _load_subscription(core, context, request["SubscriptionArn"], "GetSubscriptionAttributes")
    topic = core.topics.find(subscription.topic_arn)
    assert topic is not None
    return {"Attributes": shown_subscription_attributes(subscription, topic)}


def set_subscription_attributes(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set one attribute; an empty value removes it."""
    subscription = _load_subscription(core, context, request["SubscriptionArn"], "SetSubscriptionAttributes")
    topic = core.topics.find(subscription.topic_arn)
    assert topic is not None
    name = request["AttributeName"]
    value = normalize({name: request.get("AttributeValue", "")})[name]
    changed = {**subscription.attributes, name: value}
    relevant = {key: changed[key] for key in (name, "FilterPolicy", "FilterPolicyScope") if key in changed}
    check_subscription_attributes(topic, subscription.protocol, subscription.endpoint, relevant, ON_SET)
    if not value:
        del changed[name]
    core.subscriptions.set_attributes(subscription.arn, changed)
    core.cache.forget(subscription.topic_arn)
    return {}


def _new_subscription(
    core: Core,
    context: RequestContext,
    topic: CachedTopic,
    *,
    protocol: str,
    endpoint: str,
    attributes: dict[str, str],
) -> Subscription:
    arn = find_arn(endpoint) if protocol in ("sqs", "lambda") else None
    # Text messages need no confirmation.
    is_own = protocol == "sms" or (arn is not None and arn.account == context.account)
    return Subscription(
        arn=f"{topic.arn}:{core.ids.uuid()}",
        topic_arn=topic.arn,
        account=context.account,
        region=context.region,
        protocol=protocol,
        endpoint=endpoint,
        principal_arn=context.principal.arn,
        is_pending=not is_own,
        token=None if is_own else core.ids.hex(_TOKEN_CHARACTERS),
        authenticated=is_own,
        owner_only_unsubscribes=is_own,
        attributes=attributes,
        created_at_ms=context.now_ms,
    )


def _ask_to_confirm(core: Core, context: RequestContext, topic: CachedTopic, subscription: Subscription) -> None:
    """Send the token to the endpoint; to people it goes as a line of the log, since no mail leaves this machine."""
    assert subscription.token is not None
    if subscription.protocol in ("http", "https"):
        core.http.send_confirmation(context, topic, subscription)
    elif subscription.protocol == "sqs":
        signer = core.signatures.signer() if topic.signs else None
        origin = Origin(topic.arn, context.now_ms, context.endpoint_url, topic.signature_version, signer)
        body = confirmation(origin, subscription.token, core.ids.uuid())
        delivery = Delivery(body, {})
        core.queues.deliver(context, subscription.endpoint, delivery, source_service=SERVICE, source_arn=topic.arn)
    else:
        _log.info(
            "sns: %s for %s from %s: to confirm the subscription, open %s",
            subscription.protocol,
            subscription.endpoint,
            topic.arn,
            confirmation_url(topic.arn, subscription.token, context.endpoint_url),
        )


def _check_message_size(topic: CachedTopic, protocol: str) -> None:
    if topic.max_message_bytes > MESSAGE_BYTES_DEFAULT and protocol not in LARGE_MESSAGE_PROTOCOLS:
        raise InvalidParameterException(
            f"Invalid parameter: Protocol Reason: a topic with a MaximumMessageSize above 256 KiB does not support"
            f" protocol {protocol}"
        )


def _find_subscription(core: Core, context: RequestContext, arn: str) -> Subscription | None:
    parts = arn.split(":")
    if len(parts) < 6:
        raise InvalidParameterException(
            f"Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not {len(parts)}"
        )
    is_elsewhere = parts[3] != context.region and context.principal is not ANONYMOUS
    if parts[2] != "sns" or is_elsewhere:
        raise InvalidParameterException("Invalid parameter: SubscriptionArn")
    return core.subscriptions.find(arn)


def _load_subscription(core: Core, context: RequestContext, arn: str, action: str) -> Subscription:
    subscription = _find_subscription(core, context, arn)
    if subscription is None:
        raise NotFoundException("Subscription does not exist")
    _check_owner(context, subscription, action)
    return subscription


def _check_owner(context: RequestContext, subscription: Subscription, action: str) -> None:
    """The subscription's owner and the topic's owner may see, change and end it."""
    if context.account not in (subscription.account, subscription.topic_arn.split(":")[4]):
        raise AuthorizationErrorException(
            f"User: {context.principal.arn} is not authorized to perform: SNS:{action} on resource: {subscription.arn}"
        )


def _read_token(request: Wire) -> int:
    """The id after which the page begins."""
    place = read_token(request.get("NextToken"), invalid_token, int)
    return 0 if place is None else place[0]


def _page(found: list[Subscription]) -> Wire:
    page = found[:PAGE_ITEMS]
    next_token = make_token(page[-1].id) if len(found) > PAGE_ITEMS else None
    return {"Subscriptions": [_shown(subscription) for subscription in page], "NextToken": next_token}


def _shown(subscription: Subscription) -> Wire:
    return {
        "SubscriptionArn": "PendingConfirmation" if subscription.is_pending else subscription.arn,
        "Owner": subscription.account,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic_arn,
    }
